// The list of objects: filters by chips and words, unpacks what is below a row. Without it every row is shown.
(() => {
  "use strict";

  document.addEventListener("DOMContentLoaded", () => {
    const byId = (id) => document.getElementById(id);
    const list = document.querySelector(".objects");
    if (!list) return;
    const [form, shown, nothing, open] = ["filters", "shown", "nothing", "open"].map(byId);
    const blocks = [...list.children].map((block) => ({ block, rows: [...block.children] }));
    const total = blocks.reduce((sum, { rows }) => sum + rows.length, 0);
    const number = new Intl.NumberFormat("en");
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) texts.set(row, `${row.firstElementChild.firstElementChild.textContent} ${row.dataset.ids}`.toLowerCase());
      return texts.get(row);
    };

    const filter = (nobody = false) => {
      const chosen = {};
      for (const { name, dataset } of form.querySelectorAll(":checked")) (chosen[name] ??= new Set()).add(dataset.number);
      const facets = Object.entries(chosen);
      const words = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const { block, rows } of blocks) {
        let here = 0;
        for (const row of rows) {
          const fits = !nobody && facets.every(([name, numbers]) => row.dataset[name].split(" ").some((value) => numbers.has(value))) && words.every((word) => textOf(row).includes(word));
          if (row.hidden === fits) row.hidden = !fits;
          here += fits ? 1 : 0;
        }
        block.hidden = here === 0;
        block.classList.toggle("cut", here < rows.length);
        block.style.setProperty("--rows", here);
        count += here;
      }
      nothing.hidden = count > 0;
      open.hidden = count === 0 || count > 500;
      open.textContent = "Open all";
      shown.textContent = count === total ? `${number.format(total)} shown` : `${number.format(count)} of ${number.format(total)} shown`;
    };

    // The address keeps the filter, so that it can be shared and come back.
    const keep = () => {
      const words = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
      history.replaceState(null, "", words ? `#${words}` : location.href.split("#")[0]);
    };
    const follow = () => {
      const hash = location.hash.slice(1);
      if (hash.includes("=")) {
        const wanted = new URLSearchParams(hash);
        const known = new Set(["search"]);
        for (const field of form.querySelectorAll("input")) {
          if (field.type !== "checkbox") field.value = wanted.get(field.name) ?? "";
          else {
            field.checked = wanted.getAll(field.name).includes(field.value);
            if (field.checked) field.parentElement.hidden = false;
          }
          if (field.checked) known.add(field.name);
        }
        // Nobody has what no field knows.
        filter([...wanted.keys()].some((name) => !known.has(name)));
        byId("objects").scrollIntoView();
        return;
      }
      const row = byId(hash)?.closest(".block > li");
      if (!row) return;
      if (row.hidden) {
        // Not by a reset, after which the address would be another.
        for (const field of form.querySelectorAll(":checked")) field.checked = false;
        form.elements.search.value = "";
        filter();
      }
      row.firstElementChild.open = true;
      row.scrollIntoView();
      row.querySelector("summary").focus({ preventScroll: true });
    };

    // A few chunks stay unpacked; rows keep what they were given.
    const chunks = new Map();
    const unpacked = (chunk) => {
      if (!chunks.has(chunk)) {
        const unpack = async () => {
          const bytes = Uint8Array.from(atob(byId(`chunk-${chunk}`).textContent), (character) => character.charCodeAt(0));
          const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
          const template = document.createElement("template");
          template.innerHTML = await new Response(stream).text();
          return [...template.content.children];
        };
        chunks.set(chunk, unpack());
        if (chunks.size > 4) chunks.delete(chunks.keys().next().value);
      }
      return chunks.get(chunk);
    };
    const size = Number(list.dataset.chunk);
    list.addEventListener("toggle", async ({ target }) => {
      const at = target.dataset.at;
      if (!target.open || at === undefined) return;
      delete target.dataset.at;
      try {
        target.append((await unpacked(Math.floor(at / size)))[at % size]);
      } catch (error) {
        target.dataset.at = at;
        target.open = false;
        shown.textContent = `This can’t be unpacked: ${error.message}. A browser of 2023 or later can.`;
      }
    }, true);

    open.addEventListener("click", () => {
      const folded = blocks.flatMap(({ rows }) => rows).filter((row) => !row.hidden).map((row) => row.firstElementChild);
      const isOpening = folded.some((details) => !details.open);
      for (const details of folded) details.open = isOpening;
      open.textContent = isOpening ? "Close all" : "Open all";
    });
    form.addEventListener("input", () => {
      filter();
      keep();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => {
      filter();
      keep();
    }));
    addEventListener("hashchange", follow);
    // What is searched is made while nobody waits, or else when it is needed.
    const prepare = ([first, ...rest]) => first && requestIdleCallback(() => {
      first.rows.forEach(textOf);
      prepare(rest);
    });
    globalThis.requestIdleCallback && prepare(blocks);
    filter();
    follow();
  });
})();
