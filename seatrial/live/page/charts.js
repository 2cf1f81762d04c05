// Time charts as SVG: one cursor for all of them, by pointer or by arrow keys. Draws points that it is given; fetches nothing.

import { clock, element, niceStep, timeStep } from "./panels.js";

const HEIGHT = 150, LEFT = 46, RIGHT = 8, TOP = 14, BOTTOM = 20;

export class Charts {
  constructor(home) {
    this.home = home;
    this.charts = [];
    this.at = null;
    new ResizeObserver(() => this.draw()).observe(home);
  }

  // `plans` are charts by title: series with key, label and class, and how a value is written.
  plan(plans) {
    const wanted = plans.map((plan) => plan.title).join();
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    this.charts = plans.map((plan) => new Chart(plan, this));
    this.home.replaceChildren(...this.charts.map((chart) => chart.figure));
  }

  // `points` have x in seconds and the series' keys; `stages` have begin, end and name; `marks` have x, text and bad.
  show(points, stages, marks) {
    Object.assign(this, { points, stages, marks });
    this.draw();
  }

  draw() {
    if (this.points) for (const chart of this.charts) chart.draw(this.points, this.stages, this.marks, this.at);
  }

  move(at) {
    this.at = at;
    this.draw();
  }
}

class Chart {
  constructor(plan, all) {
    this.plan = plan;
    this.all = all;
    this.figure = document.createElement("figure");
    this.caption = document.createElement("figcaption");
    this.svg = element("svg", { class: "plot", tabindex: "0", role: "img" });
    this.figure.append(this.caption, this.svg);
    this.svg.addEventListener("pointermove", (event) => this.follow(event));
    this.svg.addEventListener("pointerleave", () => all.move(null));
    this.svg.addEventListener("blur", () => all.move(null));
    this.svg.addEventListener("keydown", (event) => this.step(event));
  }

  follow(event) {
    const points = this.all.points ?? [];
    if (!points.length) return;
    const x = this.from + ((event.offsetX - LEFT) / (this.width - LEFT - RIGHT)) * (this.until - this.from);
    this.all.move(points.reduce((best, point) => (Math.abs(point.x - x) < Math.abs(best.x - x) ? point : best)).x);
  }

  step(event) {
    const points = this.all.points ?? [], steps = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 };
    if (!(event.key in steps) || !points.length) return;
    event.preventDefault();
    const here = this.all.at === null ? points.length - 1 : points.findIndex((point) => point.x >= this.all.at);
    this.all.move(points[Math.min(points.length - 1, Math.max(0, here + steps[event.key]))].x);
  }

  draw(points, stages, marks, at) {
    this.width = Math.max(240, this.figure.clientWidth);
    const { series } = this.plan, last = points.at(-1);
    this.from = points[0]?.x ?? 0;
    this.until = Math.max(last?.x ?? 0, this.from + 10);
    const values = points.flatMap((point) => series.map((each) => point[each.key] ?? 0));
    const step = niceStep(Math.max(this.plan.least, ...values) * 1.05, 4);
    this.top = step * Math.ceil((Math.max(this.plan.least, ...values) * 1.05) / step);
    const chosen = at === null ? null : points.find((point) => point.x >= at);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.replaceChildren(
      ...stages.flatMap((stage, number) => this.band(stage, number)),
      ...this.rows(step),
      ...this.columns(),
      ...marks.filter((mark) => mark.x >= this.from && mark.x <= this.until).map((mark) => this.mark(mark)),
      ...series.map((each) => element("path", { class: each.class, d: this.path(points, each) })),
      ...(chosen ? this.cursor(chosen) : []),
    );
    this.tell(chosen ?? last, Boolean(chosen));
  }

  x(value) {
    return LEFT + ((value - this.from) / (this.until - this.from)) * (this.width - LEFT - RIGHT);
  }

  y(value) {
    return HEIGHT - BOTTOM - (value / this.top) * (HEIGHT - TOP - BOTTOM);
  }

  // A value that is not known leaves a hole; a line across it would be invented.
  path(points, { key, stepped }) {
    let d = "", pen = "M";
    for (const point of points) {
      if (point[key] === null || point[key] === undefined) { pen = "M"; continue; }
      const x = this.x(point.x).toFixed(1), y = this.y(point[key]).toFixed(1);
      d += stepped && pen === "L" ? `H${x}V${y}` : `${pen}${x},${y}`;
      if (pen === "M" && points.length === 1) d += "h2";
      pen = "L";
    }
    return d;
  }

  band(stage, number) {
    const begin = Math.max(stage.begin, this.from), end = Math.min(stage.end, this.until);
    if (end <= begin) return [];
    const x = this.x(begin), width = this.x(end) - x;
    const name = element("text", { x: x + 4, y: 10 }, width > stage.name.length * 7 ? stage.name : "");
    return number % 2 ? [name] : [element("rect", { class: "band", x, y: 0, width, height: HEIGHT - BOTTOM }), name];
  }

  rows(step) {
    const found = [];
    for (let value = 0; value <= this.top * 1.001; value += step) {
      const y = this.y(value);
      found.push(element("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }));
      found.push(element("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, this.plan.axis(value, step)));
    }
    return found;
  }

  columns() {
    const found = [], step = timeStep(this.until - this.from);
    for (let value = Math.ceil(this.from / step) * step; value <= this.until; value += step)
      found.push(element("text", { x: Math.min(this.x(value), this.width - 14), y: HEIGHT - 5, "text-anchor": "middle" }, clock(value)));
    return found;
  }

  mark({ x, text, bad }) {
    const line = { class: bad ? "mark bad" : "mark", x1: this.x(x), x2: this.x(x), y1: TOP, y2: HEIGHT - BOTTOM };
    return element("line", line, element("title", {}, text));
  }

  cursor(point) {
    const line = element("line", { class: "cursor", x1: this.x(point.x), x2: this.x(point.x), y1: TOP, y2: HEIGHT - BOTTOM });
    const known = this.plan.series.filter((each) => point[each.key] !== null && point[each.key] !== undefined);
    const dots = known.map((each) => element("circle", { class: `dot ${each.class}`, cx: this.x(point.x), cy: this.y(point[each.key]), r: 4 }));
    return [line, ...dots];
  }

  // The legend bears the values: the latest, or those under the cursor.
  tell(point, chosen) {
    const title = document.createElement("b"), when = document.createElement("span");
    title.textContent = this.plan.title;
    when.textContent = chosen ? `at ${clock(point.x)}` : "";
    const keys = this.plan.series.map((each) => {
      const item = document.createElement("span"), key = element("svg", { class: "key", viewBox: "0 0 20 6" });
      key.append(element("line", { class: each.class, x1: 0, x2: 20, y1: 3, y2: 3 }));
      item.append(key, `${each.label} ${this.plan.write(point?.[each.key])}`);
      return item;
    });
    this.caption.replaceChildren(title, when, ...keys);
    const said = this.plan.series.map((each) => `${each.label} ${this.plan.write(point?.[each.key])}`).join(", ");
    this.svg.setAttribute("aria-label", `${this.plan.title} ${chosen ? `at ${clock(point.x)}` : "now"}: ${said}. Arrow keys move through time.`);
  }
}
