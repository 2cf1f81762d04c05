// The fleet as a graph: draws the arrangement that it is given (columns on a wide page, rows on a narrow one) and fills in figures.

import { element } from "./panels.js";
import { rate, seconds, share } from "./figures.js";

const WIDE = { service: 150, between: 92, gap: 30, tall: 64, label: 32 };
const NARROW = { service: 40, between: 20, gap: 9, wide: 72 };
const NARROW_BELOW = 720;
const MARGIN = 6, TIP = 8;

export class Graph {
  constructor(home) {
    this.home = home;
    new ResizeObserver(() => this.lay()).observe(home);
  }

  arrange(fleet) {
    this.fleet = fleet;
    this.isNarrow = null;
    this.lay();
  }

  lay() {
    if (!this.fleet) return;
    const isNarrow = this.home.clientWidth < NARROW_BELOW;
    if (isNarrow === this.isNarrow) return;
    this.isNarrow = isNarrow;
    this.plan = isNarrow ? this.fleet.narrow : this.fleet.wide;
    const size = isNarrow ? NARROW : WIDE, count = this.plan.layers;
    const length = Math.ceil(count / 2) * size.service + Math.floor(count / 2) * size.between + (count - 1) * size.gap;
    const [width, height] = (isNarrow ? [this.plan.breadth, length] : [length, this.plan.breadth]).map((each) => each + 2 * MARGIN);
    this.calls = new Map(this.plan.calls.map((call) => [`${call.caller} ${call.callee}`, this.call(call, size)]));
    this.services = new Map(Object.entries(this.plan.services).map(([name, place]) => [name, this.service(name, place, size)]));
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Services and their calls", class: isNarrow ? "narrow" : "wide" });
    svg.style.maxWidth = `${width * 1.15}px`;
    svg.append(...[...this.calls.values()].map((each) => each.group), ...[...this.services.values()].map((each) => each.group));
    this.home.replaceChildren(svg);
    if (this.seen) this.show(this.seen);
  }

  // The middle of a layer, along the way from the entry.
  middle(layer, size) {
    const before = Math.ceil(layer / 2) * size.service + Math.floor(layer / 2) * size.between + layer * size.gap;
    return MARGIN + before + (layer % 2 ? size.between : size.service) / 2;
  }

  point(along, across) {
    return this.isNarrow ? [across + MARGIN, along] : [along, across + MARGIN];
  }

  call(call, size) {
    const group = element("g", { class: "call idle" }), path = element("path", { d: this.way(call.points, size) });
    group.append(path, ...this.tip(call.points, size));
    const found = { group, path, caller: call.caller, callee: call.callee };
    if (!this.isNarrow && call.label !== null) {
      const [layer, across] = call.points[call.label], [x, y] = this.point(this.middle(layer, size), across);
      found.rate = element("text", { x, y: y - 2 });
      found.small = element("text", { x, y: y + 11, class: "small" });
      group.append(element("rect", { x: x - size.between / 2, y: y - size.label / 2, width: size.between, height: size.label, rx: 6 }), found.rate, found.small);
    }
    found.title = element("title");
    group.append(found.title);
    return found;
  }

  // Straight across what lies on a layer, bent between layers, so that ways do not run under services.
  way(points, size) {
    if (!points.length) return "";
    const forth = points.at(-1)[0] > points[0][0] ? 1 : -1;
    const stops = points.flatMap(([layer, across], number) => {
      const half = ((layer % 2 ? size.between : size.service) / 2) * forth, middle = this.middle(layer, size);
      const ends = [[middle - half, across], [middle + half, across]];
      const before = [ends[0][0] - forth * TIP, across];
      return number === 0 ? [ends[1]] : number === points.length - 1 ? [before] : ends;
    });
    let d = `M${this.point(...stops[0])}`;
    for (let number = 1; number < stops.length; number++) {
      const [along, across] = stops[number], [before, beside] = stops[number - 1], bend = (along + before) / 2;
      d += number % 2 ? `C${this.point(bend, beside)} ${this.point(bend, across)} ${this.point(along, across)}` : `L${this.point(along, across)}`;
    }
    return d;
  }

  tip(points, size) {
    if (!points.length) return [];
    const [layer, across] = points.at(-1), forth = layer > points[0][0] ? 1 : -1;
    const along = this.middle(layer, size) - (forth * size.service) / 2;
    const corners = [[along, across], [along - forth * TIP, across - 4.5], [along - forth * TIP, across + 4.5]];
    return [element("polygon", { class: "tip", points: corners.map((corner) => this.point(...corner)).join(" ") })];
  }

  service(name, [layer, across], size) {
    const [x, y] = this.point(this.middle(layer, size), across);
    const [width, height] = this.isNarrow ? [size.wide, size.service] : [size.service, size.tall];
    const left = x - width / 2, top = y - height / 2;
    const group = element("g", { class: "service", tabindex: "0", role: "img" });
    const found = { group, name, title: element("title") };
    const text = (dy, kind) => element("text", { x: this.isNarrow ? x : left + 10, y: top + dy, class: kind });
    found.label = text(this.isNarrow ? 16 : 20, "name");
    found.label.textContent = this.isNarrow && name.length > 11 ? `${name.slice(0, 10)}…` : name;
    found.first = text(this.isNarrow ? 31 : 37, this.isNarrow ? "small" : "");
    group.append(found.title, element("rect", { class: "box", x: left, y: top, width, height, rx: 8 }), found.label, found.first);
    if (!this.isNarrow) {
      found.ready = element("text", { x: left + width - 10, y: top + 20, class: "small", "text-anchor": "end" });
      found.second = text(53, "small");
      found.level = element("rect", { class: "level", x: left + width - 34, y: top + 46, width: 0, height: 6, rx: 3 });
      group.append(found.ready, found.second, element("rect", { class: "meter", x: left + width - 34, y: top + 46, width: 24, height: 6, rx: 3 }), found.level);
    }
    for (const event of ["pointerenter", "focus"]) group.addEventListener(event, () => this.single(name));
    for (const event of ["pointerleave", "blur"]) group.addEventListener(event, () => this.single(null));
    return found;
  }

  // One service with its callers and callees stands out.
  single(name) {
    const near = new Set([name]);
    for (const { group, caller, callee } of this.calls.values()) {
      const joined = caller === name || callee === name;
      if (joined) near.add(caller).add(callee);
      group.classList.toggle("dim", name !== null && !joined);
    }
    for (const [each, { group }] of this.services) group.classList.toggle("dim", name !== null && !near.has(each));
  }

  show(seen) {
    this.seen = seen;
    const most = Math.max(1, ...seen.calls.map((call) => call.rate ?? 0));
    for (const call of seen.calls) this.fillCall(this.calls.get(`${call.caller} ${call.callee}`), call, most);
    for (const service of seen.services) this.fillService(this.services.get(service.service), service);
  }

  fillCall(drawn, call, most) {
    if (!drawn) return;
    const failing = call.errors > 0;
    drawn.group.setAttribute("class", `call${failing ? " failing" : ""}${call.rate ? "" : " idle"}`);
    drawn.path.style.strokeWidth = call.rate ? 1 + 2.6 * Math.sqrt(call.rate / most) : 1;
    drawn.title.textContent = `${call.caller} to ${call.callee}: ${rate(call.rate)}, p95 ${seconds(call.p95)}, errors ${rate(call.errors)}`;
    if (!drawn.rate) return;
    drawn.rate.textContent = rate(call.rate);
    drawn.rate.setAttribute("dy", call.rate ? 0 : 6);
    drawn.small.textContent = failing ? `${share(call.errors / call.rate)} errors` : call.rate ? seconds(call.p95) : "";
  }

  fillService(drawn, service) {
    if (!drawn) return;
    const failing = service.errors > 0, away = service.ready !== null && service.ready < service.replicas;
    const said = `${service.service}: ${service.ready ?? "?"} of ${service.replicas} ready, ${rate(service.rate)}, p95 ${seconds(service.p95)}, errors ${rate(service.errors)}, busy ${share(service.busy)}`;
    drawn.group.setAttribute("aria-label", said);
    drawn.title.textContent = said;
    drawn.group.classList.toggle("failing", failing);
    drawn.group.classList.toggle("away", away);
    drawn.group.classList.toggle("ready", !away && service.ready !== null);
    drawn.first.textContent = this.isNarrow ? rate(service.rate) : `${rate(service.rate)} · p95 ${seconds(service.p95)}`;
    if (this.isNarrow) return;
    drawn.ready.textContent = `${service.ready ?? "?"}/${service.replicas}`;
    drawn.ready.classList.toggle("bad", away);
    drawn.second.textContent = failing ? `${rate(service.errors)} errors` : `busy ${share(service.busy)}`;
    drawn.second.classList.toggle("bad", failing);
    drawn.level.setAttribute("width", 24 * Math.min(1, service.busy ?? 0));
    drawn.level.classList.toggle("warn", service.busy >= 0.8);
  }
}
