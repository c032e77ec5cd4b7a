// A listening test in the browser: play what a screen holds, take the rating when all was heard, keep it, go on.
// The server is the only memory: a rating that was not acknowledged is sent again until it is. A recording comes whole
// and with a receipt, which goes back with the rating when it was played to its end.
(function () {
  "use strict";

  const told = JSON.parse(document.getElementById("rating-told").textContent);
  const byId = (id) => document.getElementById(id);
  const sounds = byId("rating-sounds");
  const answers = byId("rating-answers");
  const next = byId("rating-next");
  const status = byId("rating-status");
  const RETRY_MS = [1000, 2000, 4000, 8000];

  let screen = null;
  let players = [];
  let playing = null;
  let shownAt = 0;
  let sending = false;
  let settled = null; // {screen}: what comes next, when this screen turned out to be answered already

  let kept = "default"; // what the browser may answer by itself
  const fetched = new Map(); // "screen/place" -> a promise of {url, receipt}

  function bring(id, place) {
    const key = `${id}/${place}`;
    if (!fetched.has(key)) {
      const coming = download(`${told.here}/${key}.wav`);
      fetched.set(key, coming);
      coming.catch(() => fetched.delete(key));
    }
    return fetched.get(key);
  }

  async function download(address) {
    const answer = await fetch(address, { cache: kept });
    if (!answer.ok) {
      const content = await answer.json().catch(() => ({}));
      throw Object.assign(new Error(content.error || "This recording cannot be played."), { told: answer.status < 500 });
    }
    return { url: URL.createObjectURL(await answer.blob()), receipt: answer.headers.get("X-Receipt") };
  }

  /* Let go of the recordings of screens that are done. */
  function forget(staying) {
    for (const [key, coming] of fetched) {
      if (staying.has(key.split("/")[0])) continue;
      fetched.delete(key);
      coming.then(({ url }) => URL.revokeObjectURL(url), () => {});
    }
  }

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function player(label, place, key) {
    const sound = new Audio();
    const along = element("i", "along");
    const button = element("button", "rating-sound", element("i", "glyph"), label, element("span", "heard", "heard"), along);
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    if (key) button.title = `Key ${key}`;
    const made = { button, sound, key, place, id: screen.id, heard: false, receipt: "", along };
    button.addEventListener("click", () => toggle(made));
    sound.addEventListener("timeupdate", () => {
      along.style.width = `${(100 * sound.currentTime) / (sound.duration || 1)}%`;
    });
    sound.addEventListener("ended", () => {
      made.heard = true;
      button.classList.add("was-heard");
      stop();
      ready();
    });
    sound.addEventListener("error", () => say("This browser cannot play the recording.", true));
    load(made);
    return made;
  }

  async function load(made) {
    try {
      const { url, receipt } = await bring(made.id, made.place);
      if (!players.includes(made) || made.sound.src) return;
      made.receipt = receipt;
      made.sound.src = url;
      if (playing === made) start(made, 0);
    } catch (error) {
      if (!players.includes(made)) return;
      say(error.told ? error.message : "The server does not answer; trying again soon.", true);
      if (!error.told) setTimeout(() => { if (players.includes(made)) load(made); }, RETRY_MS[2]);
    }
  }

  function toggle(made) {
    if (playing === made) return stop();
    // With sliders one goes on with another system at the same place, as they are compared; else from the beginning.
    const at = told.holds === "all" && playing ? playing.sound.currentTime : 0;
    stop();
    playing = made;
    made.button.classList.add("playing");
    made.button.setAttribute("aria-pressed", "true");
    if (made.sound.src) start(made, at);
    else load(made); // it starts when it has come
  }

  function start(made, at) {
    made.sound.currentTime = at < made.sound.duration - 0.05 ? at : 0;
    made.sound.play().catch((error) => {
      if (error.name === "NotAllowedError") say("The browser did not let this play; press the button again.", true);
    });
  }

  function stop() {
    if (!playing) return;
    playing.sound.pause();
    playing.button.classList.remove("playing");
    playing.button.setAttribute("aria-pressed", "false");
    playing = null;
  }

  function show(asked) {
    stop();
    players.forEach((one) => { one.sound.removeAttribute("src"); one.sound.load(); });
    players = [];
    settled = null;
    screen = asked;
    forget(new Set(screen ? [screen.id, ...screen.ahead.map((one) => one.id)] : []));
    const done = screen ? screen.number - 1 : 1;
    const share = screen ? (100 * done) / screen.of : 100;
    byId("rating-bar").style.width = `${share}%`;
    byId("rating-bar").parentElement.setAttribute("aria-valuenow", share.toFixed(0));
    byId("rating-screen").hidden = !screen;
    byId("rating-end").hidden = Boolean(screen);
    byId("rating-place").textContent = screen ? `${screen.number} of ${screen.of}` : "Finished";
    if (!screen) return byId("rating-end").focus();
    byId("rating-training").hidden = !screen.training;
    byId("rating-text").hidden = !screen.text;
    byId("rating-text").textContent = screen.text || "";
    sounds.replaceChildren();
    answers.replaceChildren(answers.firstElementChild);
    say(told.holds === "one" ? "Listen to the end, then rate." : "Listen to all of them, then rate.");
    if (told.holds === "all") sliders(); else choices();
    shownAt = performance.now();
    ready();
    // What comes next is fetched when this one is there, so that it plays at once.
    Promise.allSettled(players.map((one) => bring(one.id, one.place))).then(() => {
      if (screen !== asked) return;
      asked.ahead.forEach((one) => {
        if (told.reference) bring(one.id, "reference").catch(() => {});
        for (let place = 1; place <= one.slots; place += 1) bring(one.id, place).catch(() => {});
      });
    });
  }

  function choices() {
    const names = screen.slots === 1 ? ["Play"] : ["First", "Second"];
    names.forEach((name, index) => players.push(player(name, index + 1, screen.slots === 1 ? " " : "ab"[index])));
    sounds.append(...players.map((one) => one.button));
    const row = element("div", "rating-choices");
    for (let value = told.low; value <= told.high; value += 1) {
      const input = element("input");
      Object.assign(input, { type: "radio", name: "answer", value: String(value), disabled: true });
      input.addEventListener("change", ready);
      const name = told.labels[value] || String(value);
      const text = element("span", "", element("b", "", name));
      if (told.kind !== "ab") text.append(element("small", "", String(value)));
      row.append(element("label", "rating-choice", input, text));
    }
    answers.append(row);
  }

  function sliders() {
    if (told.reference) {
      const reference = player("Reference", "reference", "r");
      reference.heard = true;
      players.push(reference);
      sounds.append(reference.button);
    }
    const names = Object.entries(told.labels).sort((a, b) => a[0] - b[0]).map((entry) => entry[1]);
    const scale = element("div", "rating-scale", element("span"), element("div", "", ...names.map((n) => element("span", "", n))), element("span"));
    scale.setAttribute("aria-hidden", "true");
    answers.append(scale);
    for (let place = 1; place <= screen.slots; place += 1) {
      const made = player(`Sound ${place}`, place, place <= 10 ? String(place % 10) : "");
      players.push(made);
      const slider = element("input");
      Object.assign(slider, { type: "range", min: told.low, max: told.high, step: 1, value: (told.low + told.high) / 2, disabled: true });
      slider.setAttribute("aria-label", `Rating of sound ${place}`);
      const shown = element("output", "", "–");
      made.slider = slider;
      slider.addEventListener("input", () => { made.rated = true; shown.textContent = slider.value; ready(); });
      // A slider that is left where it stands is a rating, too, once it has been touched.
      slider.addEventListener("pointerup", () => slider.dispatchEvent(new Event("input")));
      answers.append(element("div", "rating-slider", made.button, slider, shown));
    }
  }

  function values() {
    if (told.holds === "all") return players.filter((one) => one.slider).map((one) => Number(one.slider.value));
    const chosen = answers.querySelector("input:checked");
    return chosen ? [Number(chosen.value)] : [];
  }

  function ready() {
    if (settled) return;
    const heard = players.every((one) => one.heard);
    answers.querySelectorAll("input").forEach((input) => { input.disabled = sending || (!heard && told.holds !== "all"); });
    players.forEach((one) => { if (one.slider) one.slider.disabled = sending || !one.heard; });
    const rated = told.holds === "all" ? players.every((one) => !one.slider || one.rated) : values().length === 1;
    next.disabled = !heard || !rated || sending;
    if (heard && !rated && !sending) say("Now rate.");
    if (heard && rated && !sending) say("");
  }

  function say(sentence, bad) {
    status.textContent = sentence;
    status.classList.toggle("bad", Boolean(bad));
  }

  function rating() {
    const played = players.filter((one) => one.heard && one.place !== "reference");
    const heard = Object.fromEntries(played.map((one) => [one.place, one.receipt]));
    return JSON.stringify({ values: values(), heard, seconds: (performance.now() - shownAt) / 1000 });
  }

  /* Send a rating until it is kept: always the same one, whatever happens on the page meanwhile. */
  async function send(body, attempt) {
    sending = true;
    ready();
    say("Saving…");
    let answer;
    try {
      answer = await fetch(`${told.here}/${screen.id}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      if (answer.status >= 500) throw new Error(String(answer.status));
    } catch (error) {
      say("Not saved yet: the server does not answer. Trying again; leave this page open.", true);
      return void setTimeout(() => send(body, attempt + 1), RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
    }
    sending = false;
    const content = await answer.json();
    if (!answer.ok) {
      if (answer.status === 409) { // its receipts do not hold: everything is fetched and heard anew
        kept = "reload";
        forget(new Set());
        show(screen);
      }
      ready();
      return say(`Not saved: ${content.error}`, true);
    }
    if (content.instead) settle(content); else show(content.screen);
  }

  /* Another window was first: show the answer that counts and say so, then go on when the rater has seen it. */
  function settle(content) {
    settled = { screen: content.screen };
    const inputs = [...answers.querySelectorAll("input")];
    inputs.forEach((input) => { input.disabled = true; });
    let name = "";
    if (told.holds === "all") {
      players.filter((one) => one.slider).forEach((one, index) => {
        one.slider.value = content.instead[index];
        one.slider.nextElementSibling.textContent = one.slider.value;
      });
    } else {
      const [value] = content.instead;
      inputs.forEach((input) => { input.checked = Number(input.value) === value; });
      name = ` (${told.labels[value] || value})`;
    }
    say(`You answered this in another window${name}; that answer counts.`);
    next.disabled = false;
    next.focus();
  }

  function goOn() {
    if (settled) show(settled.screen); else send(rating(), 0);
  }

  byId("rating-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!next.disabled) goOn();
  });

  document.addEventListener("keydown", (event) => {
    if (!screen || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest && event.target.closest("button");
    const found = players.find((one) => one.key && one.key === event.key.toLowerCase());
    if (found && !(event.key === " " && onButton)) {
      event.preventDefault();
      return toggle(found);
    }
    if (event.key === "Enter" && !onButton && !next.disabled) {
      event.preventDefault();
      return goOn();
    }
    const inputs = [...answers.querySelectorAll("input[type=radio]")];
    const wanted = inputs.find((input) => told.kind === "acr" && input.value === event.key && !input.disabled);
    if (wanted) { wanted.checked = true; wanted.focus(); ready(); }
  });

  window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });

  show(told.screen);
})();
