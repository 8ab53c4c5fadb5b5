// Filters, searches and opens checks. Without it everything is shown.
(() => {
  "use strict";

  document.addEventListener("DOMContentLoaded", () => {
    const byId = (id) => document.getElementById(id);
    const form = byId("filters");
    const checks = [...document.querySelectorAll(".checks > li")];
    const families = [...document.querySelectorAll(".family")];
    const texts = new Map(); // made when something is searched for
    const textOf = (check) => {
      if (!texts.has(check)) texts.set(check, check.textContent.toLowerCase());
      return texts.get(check);
    };

    const filter = () => {
      const data = new FormData(form);
      const outcomes = data.getAll("outcome");
      const words = data.get("search").toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const family of families) {
        const isWanted = !data.get("family") || family.dataset.family === data.get("family");
        let some = false;
        for (const check of family.querySelectorAll(".checks > li")) {
          const fits = isWanted && outcomes.includes(check.dataset.outcome) && words.every((word) => textOf(check).includes(word));
          check.hidden = !fits;
          some ||= fits;
          shown += fits ? 1 : 0;
        }
        family.hidden = !some;
      }
      byId("nothing").hidden = shown > 0;
      byId("shown").textContent = shown === checks.length ? `${shown} checks` : `${shown} of ${checks.length} checks`;
    };

    const open = byId("open");
    const folded = () => checks.filter((check) => !check.hidden).map((check) => check.firstElementChild);
    open.addEventListener("click", () => {
      const isOpening = folded().some((details) => !details.open);
      for (const details of folded()) details.open = isOpening;
      open.textContent = isOpening ? "Close all" : "Open all";
    });

    // A link to a check opens it, whatever is filtered.
    const follow = () => {
      const check = byId(decodeURIComponent(location.hash.slice(1)))?.closest(".checks > li");
      if (!check) return;
      if (check.hidden) {
        form.reset();
        filter();
      }
      check.firstElementChild.open = true;
      check.scrollIntoView();
    };

    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", follow);
    filter();
    follow();
  });
})();
