/* The player: waveform, spectrogram, time line, lanes and one playhead over all of them, from the whole file down to
   single samples.

   It fills every element
       <div class="player" data-src="/media/CORPUS/ID" data-pictures="waveform spectrogram" data-group="NAME"
            data-lanes='[{"name": "words", "kind": "words", "segments": [[start, end, "label"], ...]}, ...]'
            data-recording='{...}' data-utterance="ID">
   that is or comes into the page (explorer/components/player.py makes them), follows when the attributes change, and
   cleans up when the element leaves. Waveform, picture and sound come from explorer/doors/media.py; when they cannot, the
   server's sentence stands where the picture would be. data-state tells "loading", "indexing" (a long sound, for the
   first time), "stopped" (by the person who did not want to wait), "ready" or "error". Pictures are loaded when the
   element comes near the screen. One player plays at a time.

   A player with data-utterance keeps its place in the address: t= (where the playhead stands when it is opened), from=
   and to= (what is shown), in seconds, as long as the address has the same u=.

   For pages (an element is a .player, something inside it, or a CSS selector):
       earmark.player.play(element)                  earmark.player.pause(element)
       earmark.player.toggle(element)                earmark.player.seek(element, seconds)
       earmark.player.show(element, from, to)        zoom to that stretch
       earmark.player.position(element)              seconds
       earmark.player.view(element)                  [from, to] in seconds
       earmark.player.playSegment(element, start, end)    play that stretch once
       earmark.player.switchTo(element)              go on at the same position in another player of the same group;
                                                     if none of the group plays, play from the group's last position
       earmark.player.choose(element)                the keys act on it from now on
       earmark.player.active()                       the element that the keys act on, or null
   In HTML alone, on anything that can be clicked:
       data-play="1.2 1.9"                           play that stretch in the active player
       data-play="1.2 1.9" data-player="#selector"   in that one
       data-switch-to="#selector"                    switchTo

   Times are seconds from the start of the utterance. The playhead is moved with the display's refresh while sound
   plays, and not at all otherwise. The parts are in player-*.js, each with its sentence. */
"use strict";

window.earmark = window.earmark || {};

(() => {
  const { ensemble, clamp, ZOOM_STEP } = window.earmark.parts;
  const { SPEEDS, add, follow, find, current, switchTo } = ensemble;

  const act = (name) => (element, ...values) => {
    const player = find(element);
    return player ? player[name](...values) : undefined;
  };
  window.earmark.player = {
    play: act("play"),
    pause: act("pause"),
    toggle: act("toggle"),
    seek: act("seek"),
    show: act("show"),
    view: (element) => (find(element) ? [find(element).view.from, find(element).view.to] : [0, 0]),
    playSegment: act("playSegment"),
    position: (element) => (find(element) ? find(element).time : 0),
    switchTo,
    choose: (element) => { if (find(element)) ensemble.active = find(element); },
    active: () => (current() ? current().root : null),
  };
  window.earmark.playSegment = window.earmark.player.playSegment;

  const key = (keys, label, help, run) => window.earmark.hotkeys.add({
    keys, label, help, group: "Player", when: () => current() !== null, run: (event) => run(current(), event),
  });
  const faster = (player, step) => {
    const place = SPEEDS.findIndex((value) => value >= ensemble.speed);
    if (!player.select.disabled) ensemble.setSpeed(SPEEDS[clamp(place + step, 0, SPEEDS.length - 1)]);
  };
  /* With Shift the view moves, not the playhead. */
  const step = (player, event, direction) => {
    if (event.shiftKey) player.look(() => player.view.pan(0.25 * direction * player.view.span));
    else player.seek(player.time + direction);
  };
  const unloop = (player) => (player.loop ? player.setLoop(null) : false);

  function start() {
    key([" "], "Space", "play or pause", (player) => player.toggle());
    key(["ArrowLeft"], "←", "1 second back", (player, event) => step(player, event, -1));
    key(["ArrowRight"], "→", "1 second on", (player, event) => step(player, event, 1));
    key(["Home"], "Home", "to the start", (player) => player.seek(0));
    const speeds = () => current() !== null && !current().audio.deck;
    window.earmark.hotkeys.add({ keys: ["["], label: "[", help: "slower", group: "Player", when: speeds, run: () => faster(current(), -1) });
    window.earmark.hotkeys.add({ keys: ["]"], label: "]", help: "faster", group: "Player", when: speeds, run: () => faster(current(), 1) });
    key(["l", "Escape"], "l Esc", "stop looping", unloop);
    key(["+", "="], "+", "zoom in", (player) => player.zoom(ZOOM_STEP));
    key(["-"], "-", "zoom out", (player) => player.zoom(1 / ZOOM_STEP));
    const whole = () => current() !== null && !window.earmark.hotkeys.taken("0"); // a page may have another use for it
    window.earmark.hotkeys.add({ keys: ["0"], label: "0", help: "show all", group: "Player", when: whole, run: () => current().fit() });
    key(["z"], "z", "zoom to the loop", (player) => (player.loop ? player.fitLoop() : false));
    for (const [label, help] of [["drag", "loop a stretch"], ["⇧ drag", "move the view (also ⇧ ← and ⇧ →)"], ["Ctrl wheel", "zoom"]]) {
      window.earmark.hotkeys.add({ keys: [], label, help, group: "Player", when: () => current() !== null });
    }
    document.addEventListener("click", (event) => {
      const target = event.target instanceof Element ? event.target : null;
      const play = target && target.closest("[data-play]");
      const other = target && target.closest("[data-switch-to]");
      if (play) {
        const [from, to] = play.dataset.play.split(" ").map(Number);
        const player = play.dataset.player ? find(play.dataset.player) : current();
        if (player) player.playSegment(from, to);
      } else if (other) {
        switchTo(other.dataset.switchTo);
      }
    });
    new MutationObserver(follow).observe(document.body, {
      childList: true, subtree: true, attributes: true, attributeFilter: ["data-src", "data-lanes", "data-recording", "data-pictures"],
    });
    new MutationObserver(() => { for (const player of ensemble.players.values()) player.later(); })
      .observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
    for (const root of document.getElementsByClassName("player")) add(root);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
