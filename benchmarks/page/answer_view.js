// The first screen: the answer as a sentence, a chart and a ranking; and what follows from asking the question often.

const log10 = value => Math.log10(value);
const element = (name, content = "", attributes = {}) => {
  const made = document.createElement(name);
  made.textContent = content;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const link = (words, file) => file ? element("a", words, { href: file }) : element("span", words);
const note = (view, words) => { document.getElementById(`note-${view}`).textContent = words; };

/** Words for a method in the answer: its cost, preparation and digits, or on how many integrals it has the digits. */
function described(answer) {
  if (answer.run)
    return ` (${number(answer.us)} µs per value; ${number(answer.run.prep_s)} s of preparation; ` +
      `${number(answer.run.digits)} digits, worst ${number(answer.run.worst)})`;
  return ` (median ${number(answer.us)} µs per value; has the digits on ${solvedOf(answer)} integrals, ` +
    `the cheapest on ${answer.wins || "none"})`;
}

/** On how many integrals of a family a method has the digits, and on how many it was run where those are not all. */
const solvedOf = answer => `${answer.solved} of ${answer.of}` + (answer.ran < answer.of ? ` (run on ${answer.ran})` : "");

/** Words for a method that lacks the digits on half of a family or more, and so has no median cost. */
const onSome = answer => `${answer.method} has them on ${solvedOf(answer)}`;

function showSentence(question) {
  const ranked = answers(question), able = ranked.filter(answer => answer.us < Infinity);
  const learned = ranked.filter(answer => data.learned.includes(answer.method));
  const mostSolved = found => found.filter(answer => answer.solved).sort((a, b) => b.solved - a.solved)[0];
  const box = document.getElementById("answer");
  const parts = [];
  const add = (words, answer) =>
    parts.push(element("b", words), link(answer.method, answer.run?.files[0]), described(answer));
  if (able[0]) add("Cheapest: ", able[0]);
  else {
    const some = mostSolved(ranked);
    parts.push(element("b", "No method "), `that was run has ${question.digits} digits ${measureName(question)}` +
      (some ? ` on more than half of the integrals; ${onSome(some)}` : ""));
  }
  if (able[1]) parts.push("; "), add("next: ", able[1]);
  parts.push("; ");
  const best = learned.find(answer => answer.us < Infinity);
  if (best && best !== able[0]) add("learned methods: ", best);
  else if (best) parts.push(element("b", "learned methods: "), `${best.method} is the cheapest of all`);
  else if (mostSolved(learned)) {
    const some = mostSolved(learned);
    parts.push(element("b", "learned methods: "), `none has so many digits on more than half of the integrals; ${onSome(some)}`);
  } else if (learned.length) {
    const most = learned.reduce((a, b) => b.most > a.most ? b : a);
    parts.push(element("b", "learned methods: "), `no setting that was run has so many digits; ${most.method} has most, ${number(most.most)}`);
  } else parts.push(element("b", "learned methods: "), "none was run here");
  box.replaceChildren(...parts, ".");
  box.dataset.cheapest = able[0]?.method || "";
}

/** Curves of digits against cost: an integral's envelopes, or medians over a family's integrals. */
function costCurves(question) {
  const integrals = members(question.integral);
  if (integrals.length === 1) {
    const found = byMethod(integrals[0], question);
    const point = run => ({
      x: log10(cost(run, question)), y: digitsOf(run, question), said: sentence(run, question), file: run.files[0],
    });
    const finite = run => cost(run, question) < Infinity;
    return {
      curves: [...found].map(([name, same]) => ({ name, style: styleOfMethod(name), points: lowerEnvelope(same, question).map(point) })),
      loose: [...found].flatMap(([name, same]) => same.filter(finite).map(run => ({ ...point(run), ...styleOfMethod(name), size: 14 }))),
    };
  }
  const curves = new Map();
  for (let digits = 1; digits <= 14; digits += 0.5)
    for (const answer of answers({ ...question, digits }))
      if (answer.us < Infinity) {
        const said = `${answer.method} has ${digits} digits on ${solvedOf(answer)} integrals, at a median of ${number(answer.us)} µs`;
        curves.set(answer.method, [...(curves.get(answer.method) || []), { x: log10(answer.us), y: digits, said }]);
      }
  return { curves: [...curves].map(([name, points]) => ({ name, style: styleOfMethod(name), points })), loose: [] };
}

function drawAnswer(question) {
  const { curves, loose } = costCurves(question);
  const published = data.published.filter(result => result.integral === question.integral);
  const marks = published.map(result => ({
    x: log10(result.us), y: result.digits, name: `${result.method.replace("published_", "")}, published${result.hardware ? ` (${result.hardware})` : ""}`,
    said: `${result.method}, published: ${result.digits} digits, ${number(result.us)} µs` +
      `${result.hardware ? ` on a ${result.hardware}` : ""}${result.preparation ? `, after ${result.preparation}` : ""}. ${result.source}; ${result.note}`,
  }));
  const top = Math.max(question.digits + 1, ...curves.flatMap(curve => curve.points.map(point => point.y + 0.5)), ...marks.map(mark => mark.y + 1));
  const shared = question.values === Infinity ? "preparation left out" : `with a share of the preparation for ${powerOfTen(log10(question.values))} values`;
  const family = members(question.integral).length > 1;
  note("answer", published.length ? "Published times are those of their authors' machines, without preparation." : family
    ? "Medians over the integrals: a curve ends where its method no longer has the digits on more than half of them." : "");
  showRanking(question);
  return drawCurves("answer", curves, {
    loose, marks, horizontals: [{ y: question.digits, name: `${question.digits} digits` }], y: [0, Math.min(top, 16.5)],
    height: 420, titles: { x: `µs per value, ${shared}`, y: `digits ${measureName(question)}` },
    description: "Digits against microseconds per value, a curve for each method; the table below says the same.",
  });
}

function showRanking(question) {
  const family = members(question.integral).length > 1;
  const heads = family ? ["method", "µs per value (median)", "has the digits on", "cheapest on", "most digits"]
    : ["method", "µs per value", "digits", "worst", "preparation (s)", "setting"];
  const rows = answers(question).map(answer => {
    const { run } = answer, lacking = `${number(answer.most)} digits at most, by the settings that were run`;
    const setting = run && [run.setting, run.note].filter(Boolean).join("; ");
    const cells = family ? [number(answer.us), solvedOf(answer), `${answer.wins}`, number(answer.most)]
      : run ? [number(answer.us), number(run.digits), number(run.worst), number(run.prep_s), setting] : ["–", lacking, "", "", ""];
    const row = element("tr"), head = element("th", "", { scope: "row" });
    head.append(link(answer.method, run?.files[0]));
    row.append(head, ...cells.map(cell => element("td", cell)));
    return row;
  });
  const table = element("table", "", { id: "ranking" }), top = element("thead"), line = element("tr"), body = element("tbody");
  line.append(...heads.map(head => element("th", head, { scope: "col" })));
  top.append(line);
  body.append(...rows);
  table.append(top, body);
  document.getElementById("ranking-place").replaceChildren(table);
}

const EXPONENTS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** The map: for each number of digits the stretches of numbers of values over which one method is the cheapest. */
function drawMap(question) {
  const bars = [], texts = [], place = document.getElementById("chart-map");
  const letters = Math.max(4, Math.floor((place.clientWidth - 60) / 10 / 7));
  for (let digits = 1; digits <= 12; digits += 1) {
    const winners = EXPONENTS.map(exponent => answers({ ...question, digits, values: 10 ** exponent })[0]).map(
      answer => answer && answer.us < Infinity ? answer : undefined);
    for (let from = 0; from < winners.length;) {
      let to = from;
      while (to < winners.length && winners[to]?.method === winners[from]?.method) to += 1;
      const method = winners[from]?.method;
      if (method) {
        const said = `${digits} digits: ${method} is the cheapest for ${powerOfTen(from)} to ${powerOfTen(to - 1)} values`;
        const room = (to - from) * letters;
        bars.push({ x: from - 0.48, x2: to - 0.52, y: digits - 0.45, y2: digits + 0.45, colour: styleOfMethod(method).colour, said, file: winners[from].run?.files[0] });
        texts.push({ x: from - 0.48, y: digits, name: method.length > room ? `${method.slice(0, room - 1)}…` : method, colour: styleOf("--paper"), said });
      }
      from = to;
    }
  }
  return draw("map", { bars, texts, verticals: [] }, { x: [-0.5, 9.5], y: [0.5, 12.5] }, {
    height: 380, titles: { y: `digits ${measureName(question)}` }, description: "The cheapest method by digits and number of values.",
  });
}

/** Digits against seconds of preparation, and seconds in all against the number of values. */
function drawPreparation(question) {
  const integral = members(question.integral)[0], found = [...byMethod(integral, question)];
  const trained = found.map(([name, same]) => {
    const best = same.reduce((a, b) => b.digits > a.digits ? b : a);
    const point = (x, y, run) => ({ x: log10(Math.max(x, 1e-3)), y, said: `${run.label}: ${number(y)} digits after ${number(x)} s`, file: run.files[0] });
    const stages = best.anytime.length > 1 ? [...best.anytime, [best.prep_s, best.digits]].map(([x, y]) => point(x, y, best)) : [];
    const steps = [];
    for (const run of [...same].sort((a, b) => a.prep_s - b.prep_s))
      if (!steps.length || run.digits > steps.at(-1).y) steps.push(point(run.prep_s, run.digits, run));
    return { name, style: styleOfMethod(name), points: stages.length ? stages : steps };
  });
  const totals = found.map(([name, same]) => ({
    name, style: styleOfMethod(name),
    points: EXPONENTS.map(exponent => {
      const asked = { ...question, values: 10 ** exponent }, run = cheapest(same, asked);
      if (!run) return null;
      const seconds = 10 ** exponent * cost(run, asked) / 1e6;
      return { x: exponent, y: log10(seconds), said: `${powerOfTen(exponent)} values by ${run.label}: ${number(seconds)} s in all`, file: run.files[0] };
    }).filter(Boolean),
  })).filter(curve => curve.points.length);
  note("preparation", `${integral}: ${breakEvens(integral, question)}`);
  return Promise.all([
    drawCurves("anytime", trained, { description: "Digits against seconds of preparation." }),
    drawCurves("total", totals, { x: [0, 9.2], description: "Seconds in all against the number of values." }),
  ]);
}

/** Which methods are the cheapest in turn as more values are wanted. */
function breakEvens(integral, question) {
  const said = [];
  for (let exponent = 0; exponent <= 9.001; exponent += 0.05) {
    const best = answers({ ...question, integral, values: 10 ** exponent })[0];
    if (!best || best.us === Infinity) return `no method that was run has ${question.digits} digits ${measureName(question)}.`;
    if (!said.length) said.push([best.method, ""]);
    else if (said.at(-1)[0] !== best.method) said.push([best.method, ` from ${number(Number((10 ** exponent).toPrecision(2)))} values on`]);
  }
  return `for ${question.digits} digits ${measureName(question)} the cheapest, preparation included, is ${said.map(part => part.join("")).join(", then ")}.`;
}

/** On which share of the held-out integrals a method is within a factor of the cheapest, for the question's digits. */
function drawProfile(question) {
  const integrals = integralNames.filter(name => data.integrals[name].use === "held-out" && byMethod(name, question).size);
  const costs = integrals.map(name => new Map([...byMethod(name, question)].map(([method, same]) => {
    const run = cheapest(same, question);
    return [method, run ? cost(run, question) : Infinity];
  })));
  const least = costs.map(here => Math.min(...here.values()));
  const ratiosOf = name => costs.map((here, nth) => (here.get(name) ?? Infinity) / least[nth]).filter(Number.isFinite).sort((a, b) => a - b);
  const furthest = Math.max(1e6, ...methodNames.flatMap(ratiosOf));
  const curves = methodNames.map(name => {
    const ratios = ratiosOf(name);
    const share = at => ratios.filter(ratio => ratio <= at).length / integrals.length;
    const points = ratios.length ? [1, ...ratios, furthest].map(ratio => ({
      x: log10(ratio), y: share(ratio), size: 0,
      said: `${name}: within ${number(ratio)} times the cheapest on ${number(100 * share(ratio))} % of ${integrals.length} held-out integrals`,
    })) : [];
    return { name, style: styleOfMethod(name), points };
  });
  note("profile", integrals.length ? `${question.digits} digits ${measureName(question)} on ${integrals.length} held-out integrals: ${integrals.join(", ")}.`
    : "No held-out integral was measured on this machine.");
  return drawCurves("profile", curves, { x: [0, log10(furthest)], y: [0, 1.02], titles: { x: "times the cheapest method's cost" }, description: "Performance profile on held-out integrals." });
}
