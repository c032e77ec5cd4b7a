// Details that stay as a visitor left them: what data-remember names is open again after every step, until the tab closes.
(() => {
  const KEY = "earmark-open-";
  const kept = (name) => {
    try {
      return sessionStorage.getItem(KEY + name) === "yes";
    } catch {
      return false; // storage is blocked: it is closed again
    }
  };
  document.addEventListener("toggle", ({ target }) => {
    const name = target.dataset?.remember;
    if (!name) return;
    try {
      sessionStorage.setItem(KEY + name, target.open ? "yes" : "no");
    } catch { /* it is open as long as it is in sight */ }
  }, true);
  new MutationObserver(() => {
    for (const details of document.querySelectorAll("details[data-remember]:not([data-remembered])")) {
      details.dataset.remembered = "yes";
      details.open = kept(details.dataset.remember);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
