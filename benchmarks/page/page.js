// The page: the question's form, the chosen view, and light or dark. Question and view stand in the address.

const VIEWS = {
  answer: drawAnswer, map: drawMap, preparation: drawPreparation, accuracy: drawAccuracy, honesty: drawHonesty,
  thresholds: drawThresholds, profile: drawProfile, papers: () => {}, surrogates: drawSurrogates,
  networks: drawNetworks, training: drawTraining, devices: drawDevices, runs: drawRuns,
};
const form = document.getElementById("question");
const FIELDS = ["integral", "digits", "measure", "values", "calls", "place"];

/** The question as the form has it. */
function asked() {
  const values = form.elements.values.value;
  return {
    integral: form.elements.integral.value, digits: Number(form.elements.digits.value) || 0,
    measure: form.elements.measure.value, values: values === "any" ? Infinity : 10 ** Number(values),
    calls: form.elements.calls.value, place: form.elements.place.value,
  };
}

function fillForm() {
  const { integral, place, values } = form.elements;
  const family = element("optgroup", "", { label: "families" }), single = element("optgroup", "", { label: "integrals" });
  for (const name of Object.keys(FAMILIES))
    if (members(name).length > 1) family.append(element("option", name, { value: name }));
  for (const name of integralNames) single.append(element("option", name, { value: name }));
  integral.append(family, single);
  place.append(...places.map(name => element("option", name, { value: name })));
  for (let exponent = 0; exponent <= 9; exponent += 1) values.append(element("option", powerOfTen(exponent), { value: exponent }));
  values.append(element("option", "any number of", { value: "any" }));
  Object.assign(integral, { value: data.start.integral });
  Object.assign(place, { value: data.start.place });
  values.value = "6";
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of FIELDS)
    if (given.has(name)) {
      const field = form.elements[name], before = field.value;
      field.value = given.get(name);
      if (!field.value) field.value = before;
    }
  return given.get("view") in VIEWS ? given.get("view") : "answer";
}

let view = "answer";

function show() {
  const question = asked();
  const address = new URLSearchParams({ view, ...Object.fromEntries(FIELDS.map(name => [name, form.elements[name].value])) });
  history.replaceState(null, "", `#${address}`);
  showSentence(question);
  document.querySelectorAll(".view").forEach(part => { part.hidden = part.id !== `view-${view}`; });
  document.querySelectorAll("nav button").forEach(button => {
    if (button.value === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  });
  const nav = document.querySelector("nav");
  nav.scrollLeft = nav.querySelector("[aria-current]").offsetLeft - nav.offsetLeft; // on a phone the buttons are one long row
  showTables(view, question);
  return VIEWS[view](question);
}

let turns = 0;

/** Show the view, and say to screen readers when its charts are complete. */
async function redraw() {
  const turn = turns += 1;
  document.body.setAttribute("aria-busy", "true");
  try {
    await show();
  } finally {
    if (turn === turns) document.body.setAttribute("aria-busy", "false");
  }
}

document.querySelectorAll("nav button").forEach(button => { button.onclick = () => { view = button.value; redraw(); }; });
form.onchange = redraw;
form.onsubmit = event => event.preventDefault();
document.getElementById("theme").onclick = () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  redraw();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });
addEventListener("hashchange", () => { view = readAddress(); redraw(); });

fillForm();
view = readAddress();
redraw();
