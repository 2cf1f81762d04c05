// Draws dashboards from the document that picture.py makes of them: in the report, which holds it, and on the live page, which fetches it.

const NS = "http://www.w3.org/2000/svg";
const HEIGHT = 160, LEFT = 52, RIGHT = 8, TOP = 8, BOTTOM = 20;
const COLOURS = 10;
const UNKNOWN = "–";
// What the axis reaches at least, by unit: of values that are all 0 too.
const LEAST = { percentunit: 0.01, s: 0.001 };

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// The least of 1, 2, 2.5 and 5 times a power of ten that makes at most `most` steps up to `top`.
export function niceStep(top, most) {
  const power = 10 ** Math.floor(Math.log10(top / most));
  return [1, 2, 2.5, 5, 10].map((each) => each * power).find((step) => top / step <= most);
}

// Steps of time that a person counts in.
export function timeStep(span) {
  return [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((step) => span / step <= 6) ?? 14400;
}

const scaled = (value, steps) => {
  const [size, sign] = steps.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  return `${Number((value / size).toPrecision(3))}${sign}`;
};
const DECIMAL = [[1e9, "G"], [1e6, "M"], [1e4, "k"]].map(([size, sign]) => [sign === "k" ? 1e3 : size, sign]);
const WRITERS = {
  reqps: (value) => `${scaled(value, DECIMAL)}/s`,
  percentunit: (value) => `${Number((value * 100).toPrecision(3))} %`,
  s: (value) => (Math.abs(value) >= 1 || value === 0 ? `${Number(value.toPrecision(3))} s` : `${Number((value * 1000).toPrecision(3))} ms`),
  decbytes: (value) => `${scaled(value, [[1e9, " GB"], [1e6, " MB"], [1e3, " kB"]])}${Math.abs(value) < 1e3 ? " B" : ""}`,
  bytes: (value) => `${scaled(value, [[2 ** 30, " GiB"], [2 ** 20, " MiB"], [2 ** 10, " KiB"]])}${Math.abs(value) < 1024 ? " B" : ""}`,
};

// A value as a person reads it, by Grafana's name of its unit; what is not known is a dash, never a 0.
export function written(value, unit) {
  if (typeof value === "string") return value;
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  return (WRITERS[unit] ?? ((each) => scaled(each, DECIMAL)))(value);
}

// The same thing has the same colour in every panel.
const places = new Map();
function place(name) {
  if (!places.has(name)) places.set(name, places.size % COLOURS);
  return places.get(name);
}

// The colour of each name of one chart; who shares it with another there is dashed.
function colours(names) {
  const taken = new Set();
  return new Map(names.map((name) => {
    const at = place(name), kind = taken.has(at) ? `c${at} dashed` : `c${at}`;
    taken.add(at);
    return [name, kind];
  }));
}

// What Grafana's names of colours mean to a reader.
const MEANINGS = [["green", "good"], ["orange", "warn"], ["red", "bad"], ["blue", "plain"]];
const meaning = (shade) => MEANINGS.find(([part]) => shade.includes(part))?.[1] ?? "none";
const judged = (value, steps) => meaning((steps ?? []).filter(([from]) => from === null || value >= from).at(-1)?.[1] ?? "");

function make(tag, text = "", kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function table(columns, cells) {
  const home = make("div", "", "panel-scroll"), made = make("table"), head = make("tr"), top = make("thead"), body = make("tbody");
  Object.assign(home, { tabIndex: 0 });
  head.append(...columns.map(({ title, unit }) => Object.assign(make("th", title, unit ? "n" : ""), { scope: "col" })));
  top.append(head);
  body.append(...cells.map((row) => {
    const line = make("tr");
    line.append(...row.map((cell, at) => make("td", written(cell, columns[at]?.unit), typeof cell === "number" ? "n" : "")));
    return line;
  }));
  made.append(top, body);
  home.append(made);
  return home;
}

// Lines over time. Drawn anew when its width changes; a pointer or the arrow keys move through time.
class Chart {
  constructor(panel) {
    this.panel = panel;
    this.at = null;
    this.home = make("div", "", "panel-chart");
    this.svg = element("svg", { class: "panel-plot", tabindex: "0", role: "img" });
    this.legend = Object.assign(make("ul", "", "panel-legend"), { tabIndex: 0 }); // a long one scrolls
    this.home.append(this.svg, this.legend);
    this.svg.addEventListener("pointermove", (event) => this.follow(event));
    for (const event of ["pointerleave", "blur"]) this.svg.addEventListener(event, () => this.move(null));
    this.svg.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.draw()).observe(this.home);
  }

  move(at) {
    this.at = at;
    this.draw();
  }

  show(panel) {
    this.panel = panel;
    if (this.at !== null) this.at = Math.min(this.at, panel.times.length - 1);
    this.draw();
  }

  follow(event) {
    const { times } = this.panel, share = (event.offsetX - LEFT) / (this.width - LEFT - RIGHT);
    this.move(Math.min(times.length - 1, Math.max(0, Math.round(share * (times.length - 1)))));
  }

  step(event) {
    const last = this.panel.times.length - 1, steps = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.move(Math.min(last, Math.max(0, (this.at ?? last) + steps[event.key])));
  }

  draw() {
    this.width = Math.max(200, this.home.clientWidth);
    const { times, lines, limit, is_stacked: isStacked } = this.panel;
    this.colours = colours(lines.map(({ name }) => name));
    this.until = Math.max(times.at(-1) ?? 1, 1);
    const bands = isStacked ? stacked(lines, times.length) : lines.map(({ name, values }) => ({ name, values }));
    const values = bands.flatMap((each) => each.values).filter((value) => value !== null);
    const most = Math.max(...values, limit && limit <= 3 * Math.max(...values) ? limit : 0, LEAST[this.panel.unit] ?? 1) * 1.05;
    const step = niceStep(most, 4);
    this.top = step * Math.ceil(most / step - 1e-9);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.replaceChildren(
      ...this.rows(step), ...this.columns(),
      ...(isStacked ? [...bands].reverse().map((band) => element("path", { class: `area ${this.colours.get(band.name)}`, d: this.area(band.values) })) : []),
      ...(isStacked ? [] : bands.map((band) => element("path", { class: `line ${this.colours.get(band.name)}`, d: this.path(band.values) }))),
      ...(limit !== null && limit <= this.top ? [element("line", { class: "limit", x1: LEFT, x2: this.width - RIGHT, y1: this.y(limit), y2: this.y(limit) })] : []),
      ...(this.at === null ? [] : [element("line", { class: "cursor", x1: this.x(times[this.at]), x2: this.x(times[this.at]), y1: TOP, y2: HEIGHT - BOTTOM })]),
    );
    this.tell();
  }

  x(second) {
    return LEFT + (second / this.until) * (this.width - LEFT - RIGHT);
  }

  y(value) {
    return HEIGHT - BOTTOM - (Math.max(0, Math.min(value, this.top)) / this.top) * (HEIGHT - TOP - BOTTOM);
  }

  // A value that is not known leaves a hole; a line across it would be invented.
  path(values) {
    let d = "", pen = "M";
    values.forEach((value, at) => {
      if (value === null) { pen = "M"; return; }
      const alone = pen === "M" && (values[at + 1] ?? null) === null;
      d += `${pen}${this.x(this.panel.times[at]).toFixed(1)},${this.y(value).toFixed(1)}${alone ? "h1.5" : ""}`;
      pen = "L";
    });
    return d;
  }

  area(values) {
    const points = values.map((value, at) => `${this.x(this.panel.times[at]).toFixed(1)},${this.y(value ?? 0).toFixed(1)}`);
    return `M${this.x(0).toFixed(1)},${HEIGHT - BOTTOM}L${points.join("L")}L${this.x(this.until).toFixed(1)},${HEIGHT - BOTTOM}Z`;
  }

  rows(step) {
    const found = [];
    for (let value = 0; value <= this.top * 1.001; value += step) {
      const y = this.y(value);
      found.push(element("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }));
      found.push(element("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, written(value, this.panel.unit).replace("/s", "")));
    }
    return found;
  }

  columns() {
    const found = [], step = timeStep(this.until);
    for (let value = 0; value <= this.until; value += step)
      found.push(element("text", { x: Math.min(this.x(value), this.width - 14), y: HEIGHT - 5, "text-anchor": "middle" }, clock(value)));
    return found;
  }

  // The legend bears the values: the latest, or those under the cursor.
  tell() {
    const { title, lines, times, unit, left_off: leftOff } = this.panel;
    const latest = (values) => (this.at === null ? values.findLast((value) => value !== null) : values[this.at]);
    const said = lines.map(({ name, values }) => [name, written(latest(values), unit)]);
    const items = said.map(([name, value]) => {
      const item = make("li"), key = element("svg", { class: "key", viewBox: "0 0 16 4" });
      key.append(element("line", { class: this.colours.get(name), x1: 0, x2: 16, y1: 2, y2: 2 }));
      item.append(key, make("span", name), make("b", value));
      return item;
    });
    if (leftOff) items.push(make("li", `and ${leftOff} more`));
    this.legend.replaceChildren(...items);
    const when = this.at === null ? "at the end" : `at ${clock(times[this.at])}`;
    this.svg.setAttribute("aria-label", `${title}, ${when}: ${said.slice(0, 8).map((each) => each.join(" ")).join(", ")}. Arrow keys move through time.`);
  }
}

function stacked(lines, count) {
  const sums = new Array(count).fill(0);
  return lines.map(({ name, values }) => ({ name, values: values.map((value, at) => (sums[at] += value ?? 0)) }));
}

function figure(panel) {
  const home = make("div", "", "panel-figure");
  home.append(make("b", written(panel.value, panel.unit), judged(panel.value, panel.steps)));
  const known = (panel.lines[0]?.values ?? []).filter((value) => value !== null), most = Math.max(...known, 1e-9);
  const points = known.map((value, at) => `${((at / Math.max(1, known.length - 1)) * 100).toFixed(1)},${(28 - (value / most) * 26).toFixed(1)}`);
  home.append(element("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" }, element("polyline", { points: points.join(" ") })));
  return home;
}

function bars(panel) {
  const home = make("ul", "", "panel-bars"), most = Math.max(...panel.bars.map(([, value]) => value), 1e-9);
  home.append(...panel.bars.map(([name, value]) => {
    const item = make("li"), bar = element("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
    bar.append(element("rect", { class: "track", width: 100, height: 6 }), element("rect", { class: judged(value, panel.steps), width: (value / most) * 100, height: 6 }));
    item.append(make("span", name), bar, make("b", written(value, panel.unit), judged(value, panel.steps)));
    return item;
  }));
  return home;
}

function states(panel) {
  const home = make("ul", "", "panel-states"), count = panel.times.length;
  home.append(...panel.lines.map(({ name, values }) => {
    const item = make("li"), bar = element("svg", { viewBox: `0 0 ${count} 10`, preserveAspectRatio: "none", role: "img" });
    const said = [];
    for (let begin = 0; begin < count;) {
      let end = begin + 1;
      while (end < count && values[end] === values[begin]) end++;
      const [text, shade] = values[begin] === null ? ["", ""] : panel.states[values[begin]] ?? [String(values[begin]), ""];
      const kind = meaning(shade);
      if (text && kind !== "none") bar.append(element("rect", { class: kind, x: begin, width: end - begin, height: 10 }, element("title", {}, text)));
      if (text) said.push(`${text} from ${clock(panel.times[begin])} to ${clock(panel.times[end - 1])}`);
      begin = end;
    }
    bar.setAttribute("aria-label", `${name}: ${said.slice(0, 6).join(", ") || "not known"}`);
    item.append(make("span", name), bar);
    return item;
  }));
  return home;
}

function log(panel) {
  const home = make("ol", "", "panel-log");
  Object.assign(home, { tabIndex: 0 });
  home.append(...panel.log.map((line) => make("li", Object.entries(line).map(([name, value]) => `${name}=${value}`).join("  "))));
  return home;
}

function prose(panel) {
  const home = make("div");
  home.append(...panel.text.map((line) => make("p", line)), ...(panel.cells.length ? [table(panel.columns, panel.cells)] : []));
  return home;
}

const DRAWN_AS = {
  figure,
  bars,
  states,
  log,
  text: prose,
  rows: ({ columns, cells }) => table(columns, cells),
  graph: ({ columns, cells }) => table(columns, cells),
};

function article(panel, heading) {
  const made = make("article", "", `panel w${panel.width}`);
  made.append(make(heading, panel.title, "panel-title"));
  if (panel.about) made.append(said(panel.about));
  return made;
}

// `code` in backticks, and nothing else of Markdown.
function said(text) {
  const made = make("p", "", "panel-about");
  made.append(...text.split("`").map((part, at) => (at % 2 ? make("code", part) : part)));
  return made;
}

// Draws one dashboard after another into `home`. The same one again keeps its charts, and who points at one goes on pointing.
export class Board {
  constructor(home) {
    this.home = home;
    this.drawn = new Map();
  }

  show(dashboard) {
    const panels = dashboard.rows.flatMap((row) => row.panels), shape = [dashboard.title, ...panels.map((panel) => `${panel.id} ${panel.title}`)].join();
    if (shape !== this.shape) this.lay(dashboard, shape);
    for (const panel of panels) this.fill(this.drawn.get(`${panel.id} ${panel.title}`), panel);
  }

  lay(dashboard, shape) {
    places.clear();
    this.shape = shape;
    this.drawn.clear();
    const rows = dashboard.rows.flatMap((row) => {
      const grid = make("div", "", "panel-grid");
      grid.append(...row.panels.map((panel) => {
        const made = article(panel, row.title ? "h4" : "h3");
        this.drawn.set(`${panel.id} ${panel.title}`, { made, chart: null, content: null });
        return made;
      }));
      return row.title ? [make("h3", row.title), grid] : [grid];
    });
    this.home.replaceChildren(...(dashboard.about ? [said(dashboard.about)] : []), ...rows);
  }

  fill(place, panel) {
    if (!panel.note && place.chart && panel.kind === "lines") return place.chart.show(panel);
    place.chart = !panel.note && panel.kind === "lines" ? new Chart(panel) : null;
    const content = panel.note ? make("p", panel.note, "panel-note") : (place.chart?.home ?? DRAWN_AS[panel.kind](panel));
    const [x, y] = [place.content?.scrollLeft ?? 0, place.content?.scrollTop ?? 0];
    if (place.content) place.content.replaceWith(content);
    else place.made.append(content);
    place.content = content;
    return content.scrollTo(x, y);
  }
}

// Buttons to choose a dashboard by; `choose` is told its place. Arrow keys go from one to the next, as with all tabs.
export function tabs(home, titles, choose) {
  home.setAttribute("role", "tablist");
  const buttons = titles.map((title, at) => {
    const button = make("button", title.replace(/^[^:]*: /, "")); // all are of one fleet
    Object.assign(button, { type: "button" });
    button.setAttribute("role", "tab");
    button.addEventListener("click", () => pick(at));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) pick((at + step + titles.length) % titles.length, true);
    });
    return button;
  });
  function pick(at, isFocused = false) {
    buttons.forEach((button, place) => {
      button.setAttribute("aria-selected", String(place === at));
      button.tabIndex = place === at ? 0 : -1;
    });
    if (isFocused) buttons[at].focus();
    choose(at);
  }
  home.replaceChildren(...buttons);
  pick(0);
}
