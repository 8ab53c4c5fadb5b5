// Keeps the page fresh. Everything it shows was rendered by the server; without it the page is read by loading it again.
(() => {
  "use strict";
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const POLL = 1000; // milliseconds between looks while the page is visible
  const LATER = 5000; // after a look that failed
  const QUIET = 10000; // at least this long between two announcements

  // Theme. It is set before anything is painted.
  const THEMES = ["auto", "light", "dark"];
  const stored = () => {
    try {
      return localStorage.getItem("scimulate-theme");
    } catch {
      return null; // storage may be forbidden
    }
  };
  let theme = THEMES.includes(stored()) ? stored() : "auto";
  const paint = () => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  root.classList.add("script");
  paint();

  const themes = () => {
    const button = byId("theme");
    const label = () => (button.textContent = `Colours: ${theme}`);
    label();
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      try {
        localStorage.setItem("scimulate-theme", theme);
      } catch {
        // then it lasts as long as the page
      }
      paint();
      label();
    });
  };

  const say = (text) => (byId("said").textContent = text);

  // Copying
  const copied = async (button) => {
    const source = byId(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.firstChild.data = "Copied";
      say("Copied");
      setTimeout(() => (button.firstChild.data = "Copy"), 1500);
    } catch {
      getSelection().selectAllChildren(source); // no clipboard over plain HTTP: the visitor copies what is selected
      say("Selected");
    }
  };

  // Times
  const ago = (seconds) => {
    if (seconds < 2) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} days ago`;
  };
  const times = () => {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[datetime]")) {
      const text = ago(Math.floor((now - Date.parse(time.dateTime)) / 1000));
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // What the server renders anew takes the place of what is shown, if it differs by more than the age of something.
  const ageless = (element) => element.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");
  const refresh = (fresh) => {
    for (const next of fresh.querySelectorAll("[data-fresh]")) {
      const now = byId(next.id);
      if (!now || ageless(now) === ageless(next)) continue;
      const focused = now.contains(document.activeElement) ? document.activeElement.id : "";
      now.replaceWith(document.importNode(next, true));
      if (focused) byId(focused)?.focus({ preventScroll: true });
    }
    if (fresh.body.dataset.version) document.body.dataset.version = fresh.body.dataset.version;
  };
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  // Rows of the log
  let held = []; // rows that wait because somebody reads
  const rows = () => byId("rows");
  const reading = () =>
    rows().querySelector("details[open]") !== null || rows().querySelector("summary:focus-visible") !== null;
  const trim = () => {
    const { limit, oldest } = rows().dataset;
    const is = (row) => row.contains(document.activeElement) || row.querySelector("details[open]");
    for (const row of [...rows().children].reverse()) {
      const gone = Number(row.dataset.number) < Number(oldest);
      if ((gone || rows().children.length > Number(limit)) && !is(row)) row.remove();
      else if (!gone && rows().children.length <= Number(limit)) break;
    }
  };
  const showHeld = () => {
    rows().prepend(...held);
    held = [];
    byId("news").hidden = true;
    trim();
    byId("no-rows").hidden = rows().children.length > 0;
  };
  const takeRows = (fresh) => {
    const next = fresh.getElementById("rows");
    if (!next || !rows()) return;
    rows().dataset.newest = next.dataset.newest;
    rows().dataset.oldest = next.dataset.oldest;
    const known = rows().firstElementChild?.dataset.number ?? "0";
    const added = [...next.children].filter((row) => Number(row.dataset.number) > Number(known));
    held = [...added.map((row) => document.importNode(row, true)), ...held].slice(0, Number(next.dataset.limit));
    if (reading()) {
      if (held.length) {
        byId("show-new").textContent = `Show ${held.length} new ${held.length === 1 ? "request" : "requests"}`;
        byId("news").hidden = false;
      }
    } else {
      showHeld();
    }
    announce(added);
  };
  let waiting = 0;
  let failing = 0;
  let announced = 0;
  const announce = (added) => {
    waiting += added.length;
    failing += added.filter((row) => row.querySelector(".status.c0, .status.c5, .status.c4")).length;
    if (!waiting || Date.now() - announced < QUIET) return;
    say(`${waiting} new ${waiting === 1 ? "request" : "requests"}${failing ? `, ${failing} not successful` : ""}`);
    [waiting, failing, announced] = [0, 0, Date.now()];
  };

  // Looking whether there is anything new
  let paused = false;
  let looking = false;
  let lookedAt = 0;
  const lost = (text) => {
    byId("lost").textContent = text;
    byId("lost").hidden = !text;
  };
  const look = async () => {
    if (looking || paused || document.hidden || Date.now() < lookedAt) return;
    looking = true;
    try {
      const asked = location.href;
      const url = new URL(asked);
      url.hash = "";
      url.searchParams.set("poll", document.body.dataset.version);
      if (rows()) url.searchParams.set("after", rows().dataset.newest);
      const answer = await fetch(url, { cache: "no-store" });
      if (answer.status === 401) return location.reload();
      if (answer.status === 200) {
        const fresh = parse(await answer.text());
        // another search may have been begun meanwhile
        if (!paused && location.href === asked) {
          refresh(fresh);
          takeRows(fresh);
        }
      }
      lost(answer.ok ? "" : `The endpoint answered ${answer.status}. Trying again.`);
      lookedAt = answer.ok ? 0 : Date.now() + LATER;
    } catch {
      lost("The endpoint doesn't answer. Trying again.");
      lookedAt = Date.now() + LATER;
    } finally {
      looking = false;
    }
  };

  // Headers and bodies of a request are loaded when its row is opened.
  const opened = async (details) => {
    const place = details.querySelector("[data-part]");
    if (!details.open) {
      if (held.length && !reading()) showHeld();
      return;
    }
    if (!place || place.dataset.loaded) return;
    place.dataset.loaded = "yes";
    try {
      const answer = await fetch(place.dataset.part, { cache: "no-store" });
      const part = parse(await answer.text());
      const found = part.querySelector(".exchange");
      if (found) place.replaceChildren(document.importNode(found, true));
      else place.textContent = "This request isn't kept any more: only the newest are.";
    } catch {
      delete place.dataset.loaded;
    }
  };

  // Changes. They are sent by the script, since a form without a referrer doesn't say which page it comes from.
  const switched = async (form) => {
    try {
      const sent = new URLSearchParams(new FormData(form));
      // what comes back is what is shown here, narrowed down as it is by now
      if (sent.has("back")) sent.set("back", location.pathname + location.search);
      const answer = await fetch(form.action, { method: "POST", body: sent });
      const fresh = parse(await answer.text());
      if (answer.status === 401) return location.reload();
      if (answer.ok && !("switch" in form.dataset)) return location.assign(answer.url);
      const problem = fresh.getElementById("problem");
      if (problem) byId("problem")?.replaceWith(document.importNode(problem, true));
      if (problem?.textContent) return;
      if (!answer.ok) return lost(fresh.querySelector("main section p")?.textContent ?? "That didn't work.");
      const name = form.querySelector("[role=switch]")?.id;
      refresh(fresh);
      if (form.elements.rule) form.elements.rule.value = "";
      const now = name && byId(name);
      if (now) say(`${now.getAttribute("aria-label")} ${now.getAttribute("aria-checked") === "true" ? "on" : "off"}`);
      else say("Switched");
    } catch {
      lost("The endpoint doesn't answer.");
    }
  };

  // Searching while typing: the newest search wins.
  let search = null;
  const found = async (form) => {
    search?.abort();
    const mine = (search = new AbortController());
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
    try {
      const answer = await fetch(url, { cache: "no-store", signal: mine.signal });
      const fresh = parse(await answer.text());
      if (mine.signal.aborted || !answer.ok) return;
      history.replaceState(null, "", url);
      refresh(fresh);
      const next = fresh.getElementById("log");
      if (next) {
        held = [];
        byId("log").replaceWith(document.importNode(next, true));
      }
      const list = byId("results");
      if (list) {
        const count = list.querySelectorAll("tbody tr").length;
        const shown = byId("shown")?.textContent.trim();
        say(count ? `${shown} found` : "Nothing found");
      }
    } catch {
      // superseded, or the endpoint doesn't answer: what is shown stays
    }
  };
  const typing = (form) => {
    let timer = 0;
    const soon = (delay) => {
      clearTimeout(timer);
      timer = setTimeout(() => found(form), delay);
    };
    form.addEventListener("input", () => soon(200));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      soon(0);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    themes();
    times();
    setInterval(times, 1000);
    for (const id of ["search", "filters"]) if (byId(id)) typing(byId(id));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.copy) copied(button);
      if (button.id === "show-new") showHeld();
      if (button.id === "pause") {
        paused = !paused;
        button.setAttribute("aria-pressed", paused);
        button.textContent = paused ? "Paused" : "Pause";
        look();
      }
    });
    document.addEventListener("submit", (event) => {
      if (event.target.method !== "post" || event.target.closest(".login")) return;
      event.preventDefault();
      switched(event.target);
    });
    document.addEventListener("toggle", (event) => event.target.matches(".rows details") && opened(event.target), true);
    if (document.querySelector("[data-live]")) {
      setInterval(look, POLL);
      document.addEventListener("visibilitychange", look);
    }
  });
})();
