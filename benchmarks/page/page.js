"use strict";
// Tables that sort and filter. Everything from a record is put into the page by textContent, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const text = number => data.strings[number];
const FILTERS = { "integral": "integral", "method": "method", "machine": "machine", "device": "device", "budget s": "budget (s)", "status": "status" };
const AT_FIRST = 100;
const chosen = {};
const tables = [];

function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = content;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// A method's cell also names its configuration, after a comma.
const filtered = (column, cell) => column === "method" ? cell.split(",")[0] : cell;

function leadingNumber(cell) {
  const found = cell.replace(/(\d),(?=\d)/g, "$1").replace("−", "-").match(/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?/i);
  return found ? Number(found[0]) : null;
}

// Numbers as numbers, before words; cells without a value last, whichever way round.
function compare(a, b, direction) {
  const empty = cell => cell === "" || cell === "–";
  if (empty(a) || empty(b)) return empty(a) - empty(b);
  const x = leadingNumber(a), y = leadingNumber(b);
  if ((x === null) !== (y === null)) return x === null ? 1 : -1;
  return direction * (x === null || x === y ? a.localeCompare(b, "en", { numeric: true }) : x - y);
}

function recordOf(number) {
  const [rest, identity, configuration, environment, ...own] = data.records[number].map(text);
  const made = element("dl");
  const add = (key, value) => {
    if (value === null || value === "") return;
    made.append(element("dt", key), element("dd", typeof value === "object" ? JSON.stringify(value) : String(value)));
  };
  ["repeat", "seed", "date", "status", "reason"].forEach((key, nth) => add(key, own[nth]));
  for (const part of [configuration, environment])
    for (const [key, value] of Object.entries(JSON.parse(part))) add(key, value);
  const file = `${rest}.${identity}.json`;
  const cell = element("dd");
  cell.append(element("a", file, { href: file }));
  made.append(element("dt", "record"), cell);
  return made;
}

function showRecords(row, sources, width) {
  const button = row.querySelector("button");
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) return row.nextSibling.remove();
  const detail = element("tr", "", { class: "records" });
  const cell = element("td", "", { colspan: width });
  const box = element("div");
  // A configuration may have hundreds of repeats.
  box.append(...sources.slice(0, 20).map(recordOf));
  if (sources.length > 20) box.append(element("p", `and ${sources.length - 20} more`));
  cell.append(box);
  detail.append(cell);
  row.after(detail);
}

function makeTable(source) {
  const part = element("section", "", { class: "tabled" });
  part.append(element("h2", source.title), element("p", source.explanation));
  const table = element("table"), head = element("tr"), body = element("tbody");
  const count = element("p", "", { class: "count" }), wide = element("div", "", { class: "wide" });
  const state = { source, part, body, count, all: false, order: null };
  source.columns.forEach((column, nth) => {
    const cell = element("th", "", { scope: "col" }), button = element("button", column);
    button.onclick = () => {
      const direction = state.order && state.order[0] === nth ? -state.order[1] : 1;
      state.order = [nth, direction];
      head.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      fill(state);
    };
    cell.append(button);
    head.append(cell);
  });
  const top = element("thead");
  top.append(head);
  table.append(top, body);
  wide.append(table);
  part.append(wide, count);
  document.getElementById("tables").append(part);
  tables.push(state);
}

function fill(state) {
  const { source, body, count, order } = state;
  const columns = source.columns;
  const active = columns.map((column, nth) => [column, nth]).filter(([column]) => chosen[column]);
  const places = source.rows.map((_, nth) => nth).filter(
    nth => active.every(([column, at]) => filtered(column, text(source.rows[nth][at])) === chosen[column]));
  if (order)
    places.sort((a, b) => compare(text(source.rows[a][order[0]]), text(source.rows[b][order[0]]), order[1]) || a - b);
  const shown = state.all ? places : places.slice(0, AT_FIRST);
  body.replaceChildren(...shown.map(nth => makeRow(source, nth)));
  count.textContent = `${shown.length} of ${source.rows.length} rows `;
  if (shown.length < places.length) {
    const more = element("button", `show all ${places.length}`);
    more.onclick = () => { state.all = true; fill(state); };
    count.append(more);
  }
}

function makeRow(source, nth) {
  const row = element("tr");
  const cells = source.rows[nth].map((number, at) => {
    const long = text(number).length > 40 ? { class: "long" } : {};
    return element(at ? "td" : "th", text(number), long);
  });
  const sources = source.sources[nth] || [];
  if (sources.length) {
    const name = cells[0].textContent;
    const button = element("button", name, { "aria-expanded": "false", title: "show the records" });
    button.onclick = () => showRecords(row, sources, cells.length);
    cells[0].replaceChildren(button);
  }
  row.append(...cells);
  return row;
}

function update() {
  tables.forEach(fill);
  document.querySelectorAll("[data-integral]").forEach(part => {
    part.hidden = ["integral", "machine"].some(key => chosen[key] && part.dataset[key] !== chosen[key]);
  });
}

function makeFilters() {
  for (const [column, name] of Object.entries(FILTERS)) {
    const values = new Set();
    for (const { columns, rows } of data.tables) {
      const at = columns.indexOf(column);
      if (at >= 0) rows.forEach(row => values.add(filtered(column, text(row[at]))));
    }
    values.delete("");
    const select = element("select", "", { name: column });
    select.append(element("option", `all (${values.size})`, { value: "" }));
    for (const value of [...values].sort((a, b) => compare(a, b, 1))) select.append(element("option", value, { value }));
    select.onchange = () => { chosen[column] = select.value; update(); };
    const label = element("label", `${name} `);
    label.append(select);
    document.getElementById("filters").append(label);
  }
}

document.getElementById("theme").onclick = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
};

data.tables.forEach(makeTable);
makeFilters();
update();
