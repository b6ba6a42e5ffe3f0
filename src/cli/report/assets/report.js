// The page's own program: sorting, searching, diagrams, stories. It loads nothing, and makes elements
// of text only by textContent.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (where, what) => Array.from(where.querySelectorAll(what));
  const make = (name, props, ...inner) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(props || {})) {
      if (key === "class") made.className = value;
      else made.setAttribute(key, value);
    }
    made.append(...inner);
    return made;
  };

  // ── Tables ────────────────────────────────────────────────────────────────
  const order = new Intl.Collator("en", { numeric: true });

  function sortable(table) {
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", class: "sort" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = Array.from(body.rows, (row) => [row.cells[column].textContent, row]);
        rows.sort((a, b) => (down ? order.compare(b[0], a[0]) : order.compare(a[0], b[0])));
        body.append(...rows.map((pair) => pair[1]));
      });
    });
  }

  function searchable(tools) {
    const table = document.getElementById(tools.dataset.for);
    const matrix = table.classList.contains("matrix");
    const rows = matrix ? Array.from(table.tBodies) : Array.from(table.tBodies[0].rows);
    if (rows.length < 4) return;
    tools.hidden = false;
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const search = tools.querySelector("input");
    const chosen = tools.querySelector("select");
    const said = tools.querySelector("output");
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const want = chosen ? chosen.value : "";
      let shown = 0;
      rows.forEach((row, i) => {
        let fits = words.every((word) => texts[i].includes(word));
        if (fits && want) {
          fits = matrix
            ? row.dataset.concerns.split(" ").includes(want)
            : row.cells[Number(chosen.dataset.column)].textContent.startsWith(want);
        }
        if (row.hidden === fits) row.hidden = !fits;
        if (fits) shown += 1;
      });
      said.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
    };
    search.addEventListener("input", apply);
    if (chosen) chosen.addEventListener("change", apply);
    apply();
  }

  all(document, "table.sortable").forEach(sortable);
  all(document, ".tools").forEach(searchable);

  // ── Diagrams ──────────────────────────────────────────────────────────────
  const pictures = new Map();

  function picture(frame) {
    const flow = data.flows[Number(frame.dataset.flow)];
    const svg = frame.querySelector(".canvas svg");
    const canvas = frame.querySelector(".canvas");
    const detail = frame.querySelector(".detail");
    const bar = frame.querySelector(".bar");
    const wide = Number(svg.getAttribute("width"));
    const high = Number(svg.getAttribute("height"));
    const nodes = flow.nodes.map(() => null);
    const lines = flow.nodes.map(() => []);
    for (const node of all(svg, "[data-node]")) nodes[Number(node.dataset.node)] = node;
    for (const line of all(svg, "[data-from]")) {
      const ends = new Set([Number(line.dataset.from), Number(line.dataset.to)]);
      for (const end of ends) lines[end].push(line);
    }
    const out = flow.nodes.map(() => []);
    const into = flow.nodes.map(() => []);
    for (const edge of flow.edges) {
      out[edge[0]].push(edge);
      into[edge[1]].push(edge);
    }
    let lit = [];
    let current = 0;
    let chosen = null;

    function light(index) {
      for (const one of lit) one.classList.remove("lit", "from", "to");
      lit = [];
      svg.classList.toggle("dim", index !== null);
      if (index === null) return;
      const add = (one, ...names) => {
        if (!one) return;
        one.classList.add("lit", ...names);
        lit.push(one);
      };
      add(nodes[index]);
      lines[index].forEach((line) => add(line));
      out[index].forEach((edge) => add(nodes[edge[1]]));
      into[index].forEach((edge) => add(nodes[edge[0]]));
    }

    function go(index, focus) {
      if (!nodes[index]) return;
      nodes[current].setAttribute("tabindex", "-1");
      current = index;
      nodes[index].setAttribute("tabindex", "0");
      if (focus) {
        nodes[index].focus({ preventScroll: true });
        const box = nodes[index].getBoundingClientRect();
        const view = canvas.getBoundingClientRect();
        canvas.scrollLeft += box.left + box.width / 2 - view.left - view.width / 2;
        canvas.scrollTop += box.top + box.height / 2 - view.top - view.height / 2;
        frame.scrollIntoView({ block: "nearest" });
      }
    }

    function list(title, edges, end) {
      if (edges.length === 0) return [];
      const items = edges.map((edge) => {
        const other = edge[end];
        const link = make("button", { type: "button", class: "link" }, flow.nodes[other].spoken);
        link.addEventListener("click", () => { show(other); go(other, true); });
        const how = { well: "", broken: "broken: ", aside: "aside: " }[edge[2]];
        const label = edge[3].filter(Boolean).join("; ");
        return make("li", {}, label ? `${how}${label} ${end === 1 ? "→" : "←"} ` : "", link);
      });
      return [make("h5", {}, title), make("ul", {}, ...items)];
    }

    function show(index) {
      if (chosen !== null) nodes[chosen].setAttribute("aria-pressed", "false");
      chosen = index;
      nodes[index].setAttribute("aria-pressed", "true");
      const node = flow.nodes[index];
      const close = make("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
      close.addEventListener("click", () => { detail.hidden = true; go(index, true); });
      detail.replaceChildren(
        close,
        make("h4", {}, node.spoken),
        ...(node.doc ? [make("p", {}, node.doc)] : []),
        ...node.about.map((line) => make("p", { class: "about" }, line)),
        ...list("Leads to", out[index], 1),
        ...list("Comes from", into[index], 0),
      );
      detail.hidden = false;
    }

    const of = (event) => {
      const node = event.target.closest && event.target.closest("[data-node]");
      return node ? Number(node.dataset.node) : null;
    };
    svg.addEventListener("pointerover", (event) => light(of(event) ?? (svg.contains(document.activeElement) ? current : null)));
    svg.addEventListener("pointerleave", () => light(svg.contains(document.activeElement) ? current : null));
    svg.addEventListener("focusin", (event) => { const i = of(event); if (i !== null) { go(i, false); light(i); } });
    svg.addEventListener("focusout", () => light(null));
    svg.addEventListener("click", (event) => {
      const line = event.target.closest(".jump");
      if (line) return go(Number(line.dataset.to), true);
      const i = of(event);
      if (i !== null) { go(i, false); show(i); }
    });
    svg.addEventListener("keydown", (event) => {
      const i = of(event);
      if (i === null) return;
      const step = (by) => {
        for (let k = i + by; k >= 0 && k < nodes.length; k += by) if (nodes[k]) return go(k, true);
      };
      const along = (edges, end) => { if (edges.length > 0) go(edges[0][end], true); };
      const keys = {
        ArrowRight: () => step(1), ArrowLeft: () => step(-1),
        ArrowDown: () => along(out[i], 1), ArrowUp: () => along(into[i], 0),
        Home: () => go(0, true), End: () => go(nodes.length - 1, true),
        Enter: () => show(i), " ": () => show(i),
        Escape: () => { detail.hidden = true; },
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });

    let scale = 1;
    const zoom = (to) => {
      scale = Math.min(3, Math.max(0.1, to));
      svg.setAttribute("width", String(wide * scale));
      svg.setAttribute("height", String(high * scale));
    };
    const fit = () => Math.min(1, (canvas.clientWidth - 4) / wide);
    bar.hidden = false;
    bar.addEventListener("click", (event) => {
      const how = event.target.dataset.zoom;
      if (how) zoom(how === "fit" ? fit() : how === "in" ? scale * 1.25 : scale / 1.25);
    });
    // What is much wider than the page is better scrolled than shrunk.
    zoom(Math.max(fit(), 0.6));
    const find = bar.querySelector("input");
    const names = bar.querySelector("datalist");
    names.append(...flow.nodes.map((node) => make("option", { value: node.name })));
    find.addEventListener("change", () => {
      const i = flow.nodes.findIndex((node) => node.name === find.value);
      if (i >= 0) { show(i); go(i, true); }
    });
    pictures.set(frame.dataset.flow, {
      to(name) {
        const i = flow.nodes.findIndex((node) => node.name === name);
        if (i >= 0) { show(i); go(i, true); frame.scrollIntoView({ block: "center" }); }
      },
    });
  }

  all(document, ".picture").forEach(picture);

  // Names stand between backticks.
  const words = (text) => text.split("`").map((part, i) => (i % 2 === 1 ? make("code", {}, part) : part));

  // ── Stories ───────────────────────────────────────────────────────────────
  const classes = { success: "✓ success", fallback: "↪ fallback", failure: "✗ failure" };

  function story(told, flow) {
    const steps = told.steps.map(([state, text, by]) => {
      const name = data.texts[state];
      const link = make("button", { type: "button", class: "link" }, name);
      link.addEventListener("click", () => pictures.get(flow)?.to(name));
      return make("li", {}, link, " ", ...words(data.texts[text]), " ", make("small", {}, `by ${data.texts[by]}`));
    });
    const end = make("p", { class: "end" }, make("strong", { class: told.class }, `${told.end}: ${classes[told.class]}`),
      `, after at most ${told.time} and ${told.calls} calls.${told.left ? ` Left behind: ${told.left}.` : ""}`);
    return make("div", { class: "one" }, make("h4", {}, `How it comes to ${told.end}`),
      ...(told.first ? [make("p", {}, "Something else has to fail first.")] : []), make("ol", {}, ...steps), end);
  }

  function toggle(button) {
    const id = button.dataset.story;
    const open = document.getElementById(id);
    if (open) {
      open.remove();
      button.setAttribute("aria-expanded", "false");
      button.removeAttribute("aria-controls");
      return;
    }
    const table = button.closest("table");
    const told = data.stories[id].map((one) => story(one, table.dataset.flow));
    const cell = make("td", { colspan: "6" }, ...told);
    button.closest("tbody").append(make("tr", { class: "story", id }, cell));
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", id);
  }

  for (const table of all(document, "table.matrix")) {
    table.addEventListener("click", (event) => {
      const button = event.target.closest("button.tell");
      if (button) toggle(button);
    });
  }

  // On paper everything is open.
  const closed = [];
  window.addEventListener("beforeprint", () => {
    for (const one of all(document, "details:not([open])")) { one.open = true; closed.push(one); }
  });
  window.addEventListener("afterprint", () => { for (const one of closed.splice(0)) one.open = false; });
})();
