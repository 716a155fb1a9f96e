// Tables that sort. Everything from a record is put into the page by textContent, never as markup.

const AT_FIRST = 60;

/** The number that a cell begins with, as Python (5.33e+06) or `number` (5.33 · 10⁶) writes it; null without one. */
function leadingNumber(cell) {
  const plain = cell.replace(/(\d),(?=\d)/g, "$1").replace("−", "-").replace(/ · 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, power) =>
    "e" + [...power].map(c => "-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)]).join(""));
  const found = plain.match(/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?/i);
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

/** Links to the records of a row, numbered. */
function recordLinks(files) {
  const cell = element("td", "", { class: "records" });
  files.slice(0, 5).forEach((file, nth) => cell.append(element("a", `${nth + 1}`, { href: file, title: file }), " "));
  if (files.length > 5) cell.append(`of ${files.length}`);
  return cell;
}

/** Make a table of {columns, rows: [{cells, files}]} that sorts by its headers; returns a function that fills it. */
function sortableTable(place, heads) {
  const table = element("table"), top = element("thead"), head = element("tr"), body = element("tbody");
  const wide = element("div", "", { class: "wide", tabindex: "0", role: "region", "aria-label": "table" }), count = element("p", "", { class: "note" });
  const state = { rows: [], order: null, all: false };
  const fill = () => {
    const rows = [...state.rows];
    if (state.order) rows.sort((a, b) => compare(a.cells[state.order[0]], b.cells[state.order[0]], state.order[1]));
    const shown = state.all ? rows : rows.slice(0, AT_FIRST);
    body.replaceChildren(...shown.map(({ cells, files }) => {
      const row = element("tr");
      row.append(...cells.map((cell, nth) => element(nth ? "td" : "th", cell, cell.length > 40 ? { class: "long" } : {})), recordLinks(files));
      return row;
    }));
    count.textContent = `${shown.length} of ${rows.length} rows `;
    if (shown.length < rows.length) {
      const more = element("button", `show all ${rows.length}`, { type: "button" });
      more.onclick = () => { state.all = true; fill(); };
      count.append(more);
    }
  };
  heads.forEach((name, nth) => {
    const cell = element("th", "", { scope: "col" }), button = element("button", name, { type: "button" });
    button.onclick = () => {
      state.order = [nth, state.order && state.order[0] === nth ? -state.order[1] : 1];
      head.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", state.order[1] > 0 ? "ascending" : "descending");
      fill();
    };
    cell.append(button);
    head.append(cell);
  });
  head.append(element("th", "records", { scope: "col" }));
  top.append(head);
  table.append(top, body);
  wide.append(table);
  place.append(wide, count);
  return rows => { state.rows = rows; fill(); };
}

const filled = new Map();

/** Show the tables of a view; one with integrals is cut to the chosen ones where it has them. */
function showTables(view, question) {
  const place = document.getElementById(`tables-${view}`);
  data.tables.forEach((source, nth) => {
    if (source.view !== view) return;
    if (!filled.has(nth)) {
      const part = element("div", "", { class: "tabled" });
      part.append(element("h3", source.title), element("p", source.explanation));
      place.append(part);
      filled.set(nth, sortableTable(part, source.columns));
    }
    const at = source.columns.indexOf("integral"), wanted = new Set(members(question.integral));
    const rows = source.rows.map((row, number) => ({ cells: row.map(text), files: source.sources[number].map(fileOf) }));
    const chosen = at < 0 ? rows : rows.filter(row => wanted.has(row.cells[at]));
    filled.get(nth)(chosen.length ? chosen : rows);
  });
}

const RUN_COLUMNS = {
  "integral": run => run.integral, "method": run => run.method, "setting": run => run.setting,
  "digits": run => run.digits === null ? "" : number(run.digits), "spread": run => number(run.digits_std),
  "worst": run => number(run.worst), "Re": run => number(run.digits_re), "Im": run => number(run.digits_im),
  "µs (1)": run => number(run.one_us), "µs (batch)": run => run.many_us === null ? "–" : `${number(run.many_us)} (${whole(run.batch)})`,
  "µs (65,536)": run => number(run.large_us), "prep. s": run => number(run.prep_s), "eval.": run => number(run.n_eval),
  "kB": run => number(run.kb), "within 1 %": run => percent(run.within_1pct), "≤ error": run => percent(run.within_1),
  "≤ 3 errors": run => percent(run.within_3), "n": run => whole(run.n_points), "status": run => run.status, "note": run => run.note,
};
const percent = share => share === null ? "–" : `${number(100 * share)} %`;

/** Show all runs of the choice, those that failed too, which contain the words of the filter. */
function drawRuns(question) {
  if (!filled.has("runs")) {
    filled.set("runs", sortableTable(document.getElementById("tables-runs"), Object.keys(RUN_COLUMNS)));
    document.getElementById("filter").oninput = () => drawRuns(asked());
  }
  const wanted = new Set(members(question.integral)), words = document.getElementById("filter").value.toLowerCase().split(/\s+/);
  const rows = runs.filter(run => wanted.has(run.integral) && run.place === question.place)
    .map(run => ({ cells: Object.values(RUN_COLUMNS).map(cell => cell(run)), files: run.files }))
    .filter(({ cells }) => words.every(word => cells.join(" ").toLowerCase().includes(word)));
  filled.get("runs")(rows);
}
