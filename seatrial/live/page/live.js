// Asks for the run's document once a second and shows it; says so when nobody answers.

import { Charts } from "./charts.js";
import { Graph } from "./graph.js";
import { cores, megabytes, number, plainRate, rate, seconds, share } from "./figures.js";
import { Board, clock, element, tabs } from "./panels.js";

const POLL = 1000, OBSERVE = 5000, POLL_LOST = 3000, PATIENCE = 4000, POINTS = 900, LOUD = 5;
const MARKS = { PASS: "good", FAIL: "bad", INCONCLUSIVE: "warn" };
const $ = (id) => document.getElementById(id);
const state = { fleet: null, last: 0, course: [], entry: [], seen: null, contactAt: null };
const graph = new Graph($("graph")), charts = new Charts($("charts"));
const promises = new Board($("promises")), dashboards = new Board($("panel-board"));

function make(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function timeOfDay(at) {
  return new Date(at * 1000).toLocaleTimeString([], { hour12: false });
}

async function fetchJson(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

async function poll() {
  let pause = POLL;
  try {
    if (!state.fleet) meet(await fetchJson("/fleet.json"));
    const document = await fetchJson(`/live.json?after=${state.last}`);
    if (document.run === state.fleet.run) take(document);
    else Object.assign(state, { fleet: null, last: 0, course: [], entry: [] });
    pause = document.phase === "ended" ? null : POLL;
  } catch {
    lose();
    pause = state.seen?.phase === "ended" ? null : POLL_LOST;
  }
  if (pause !== null) setTimeout(poll, pause);
}

function meet(fleet) {
  state.fleet = fleet;
  $("fleet").textContent = fleet.fleet;
  $("what").textContent = fleet.profile ? `${fleet.kind}, profile ${fleet.profile}, seed ${fleet.seed}` : fleet.kind;
  $("run").textContent = fleet.run;
  $("graph-note").replaceChildren(...graphNote(fleet));
  $("steps-card").hidden = fleet.kind !== "trial";
  $("verdict").parentElement.hidden = fleet.kind !== "trial";
  graph.arrange(fleet);
  state.dashboard = fleet.dashboards[0]?.name ?? "";
  $("dashboards-card").hidden = !fleet.dashboards.length;
  if (fleet.dashboards.length) tabs($("panel-tabs"), fleet.dashboards.map((each) => each.title), (at) => choose(fleet.dashboards[at].name));
  new IntersectionObserver(([card]) => {
    state.isInView = card.isIntersecting;
    observe();
  }).observe($("dashboards-card"));
}

function choose(name) {
  state.dashboard = name;
  observe();
}

// Each asking costs Prometheus something: no dashboard is asked for that is not in view.
const wanted = () => (state.isInView ? state.dashboard : "");

// Alerts, budgets and the chosen dashboard, while the page is looked at.
async function observe() {
  clearTimeout(state.observing);
  const turn = (state.turn = (state.turn ?? 0) + 1), name = wanted();
  try {
    if (!document.hidden) {
      const seen = await fetchJson(`/observed.json?dashboard=${encodeURIComponent(name)}`);
      if (turn !== state.turn) return; // something else was chosen meanwhile
      $("promises-card").hidden = !seen.promises.length;
      promises.show({ title: "promises", rows: [{ title: "", panels: seen.promises }] });
      if (seen.dashboard) dashboards.show(seen.dashboard);
    }
  } catch (error) {
    if (!(error instanceof TypeError || error.name === "TimeoutError")) console.error(error); // that nobody answers is told by `poll`
  }
  if (turn === state.turn && state.seen?.phase !== "ended") state.observing = setTimeout(observe, OBSERVE);
}

function graphNote(fleet) {
  const beside = make("span", "Beside each call: attempts per second, and their p95. ", "wide-only");
  const below = make("span", "The figures of each call are in the table of calls. ", "narrow-only");
  const absent = fleet.absent.includes("calls") ? " The fleet names no metric of its calls (roles.client_requests in telemetry.yml), so they are drawn without figures." : "";
  return [`Clients talk to ${fleet.entry}. `, beside, below, `Wider lines carry more; red ones fail.${absent}`];
}

function take(seen) {
  state.seen = seen;
  state.contactAt = Date.now() / 1000;
  state.last = Math.max(state.last, seen.last);
  state.course = [...state.course, ...seen.course].slice(-POINTS);
  state.entry = [...state.entry, ...seen.entry].slice(-POINTS);
  document.body.classList.remove("stale");
  $("notice").hidden = seen.phase !== "ended";
  if (seen.phase === "ended") clearTimeout(state.observing); // its server goes; what was shown last stays
  if (seen.phase === "ended") tell(`The run has ended; these are its last figures.${seen.report ? ` Its report: ${seen.report}` : ""}`, false);
  setContact(seen.phase === "ended" ? "ended" : seen.phase === "ending" ? "stopping" : "live", seen.phase === "ended" ? "" : "good");
  showNow(seen);
  showVerdict(seen);
  showTiles(seen);
  showFleet(seen);
  showCharts(seen);
  showLogs(seen);
}

function lose() {
  document.body.classList.add("stale");
  if (!state.contactAt) {
    tell("Nobody answers: this run has ended, or its page was closed.", true);
    return setContact("no contact", "bad");
  }
  const when = timeOfDay(state.contactAt);
  if (state.seen.phase === "ended") return undefined;
  const why = state.seen.phase === "ending" ? "The stack was stopped" : "The run was ended, or its owner died or hangs";
  tell(`No contact since ${when}. ${why}; all figures below are of that moment.`, true);
  document.title = `no contact · ${state.fleet.fleet} · Seatrial`;
  return setContact(`no contact since ${when}`, "bad");
}

function tell(text, bad) {
  const notice = $("notice");
  if (notice.textContent !== text) notice.textContent = text;
  notice.className = bad ? "notice bad" : "notice";
  notice.hidden = false;
}

function setContact(text, kind) {
  const contact = $("contact");
  if (contact.textContent !== text) contact.textContent = text;
  contact.className = `contact ${kind}`;
}

function showNow(seen) {
  const { load, step } = seen, lasted = clock(seen.now - (step?.at ?? seen.began));
  let text = step ? `${step.title}, ${lasted}` : seen.phase === "standing" ? `up for ${lasted}` : seen.phase;
  if (load && step) text = `${load.stage}: ${clock(load.elapsed)} of ${clock(load.total)}, ${load.remaining}`;
  if (load && step && !step.title.startsWith("drive")) text = `${step.title}, ${lasted}`;
  if (seen.verdict && seen.phase === "ended") text = "ended";
  $("now").textContent = text;
  document.title = `${seen.verdict ? seen.verdict.verdict : text} · ${state.fleet.fleet} · Seatrial`;
  showStages(load);
}

function showStages(load) {
  let before = 0;
  $("stages").replaceChildren(...state.fleet.stages.map((stage) => {
    const item = make("li"), done = Math.min(1, Math.max(0, ((load?.elapsed ?? 0) - before) / stage.seconds));
    before += stage.seconds;
    const bar = element("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
    bar.append(element("rect", { width: 100, height: 8 }), element("rect", { class: "done", width: 100 * done, height: 8 }));
    const current = load?.stage === stage.name;
    item.append(bar, make("span", `${stage.name}${stage.judge ? ", judged" : ""}`, current ? "name current" : "name"));
    item.style.flexGrow = String(Math.max(stage.seconds, 1));
    item.title = `${stage.ramp ? "up to " : ""}${stage.rate} journeys/s for ${stage.seconds} s`;
    return item;
  }));
}

function showVerdict({ verdict, limits, load, phase }) {
  $("verdict-title").textContent = verdict ? "Verdict" : "Verdict so far";
  const said = $("verdict");
  said.className = `lead ${verdict ? MARKS[verdict.verdict] : ""}`;
  const beyond = limits.filter((limit) => limit.within === false);
  const soFar = beyond.length ? `beyond its limit so far: ${beyond.map(nameOf).join(", ")}` : "within the limits so far";
  said.textContent = verdict ? verdict.headline : phase === "ended" ? "none was reached" : load?.requests ? `none yet; ${soFar}` : "none yet";
  if (verdict) return showChecks(sorted(verdict.checks));
  $("checks-card").hidden = true;
  return $("limits").replaceChildren(...limits.map((limit) => {
    const write = limit.unit === "s" ? seconds : share;
    return make("li", `${nameOf(limit)} ${write(limit.value)} of ${write(limit.limit)}`, limit.within === null ? "" : limit.within ? "good" : "bad");
  }));
}

// What decided it stands beside the headline; all checks are in the table.
function showChecks(checks) {
  const loud = checks.filter((check) => check.verdict !== "PASS").slice(0, LOUD);
  $("limits").replaceChildren(...loud.map((check) => {
    const item = make("li", "", "reason");
    item.append(make("b", `${check.name}: `, MARKS[check.verdict]), check.reason);
    return item;
  }));
  $("checks-card").hidden = false;
  fill("checks", ["verdict", "check", "reason"], checks.map((check) => [[check.verdict, MARKS[check.verdict]], [check.name], [check.reason]]));
}

const nameOf = (limit) => (limit.name === "error_ratio" ? "errors" : limit.name);

function sorted(checks) {
  const order = ["FAIL", "INCONCLUSIVE", "PASS"];
  return [...checks].sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict));
}

function showTiles({ load, fleet }) {
  const now = state.course.at(-1), entry = fleet?.services.find((each) => each.service === state.fleet.entry);
  const tiles = load ? [
    ["offered", `${load.offered}/s`], ["requests", rate(now?.requests)], ["p95, last second", seconds(now?.p95)], ["p95 so far", seconds(load.p95)],
    ["failed", number(load.failures), load.failures ? "bad" : ""], ["shed", number(load.shed), load.shed ? "bad" : ""], ["in flight", number(load.in_flight)], ["dispatch lag p99", seconds(load.lag_p99)],
  ] : entry ? [["requests", rate(entry.rate)], ["errors", rate(entry.errors), entry.errors ? "bad" : ""], ["p50", seconds(entry.p50)], ["p95", seconds(entry.p95)], ["p99", seconds(entry.p99)]] : [];
  $("tiles").replaceChildren(...tiles.map(([name, value, kind]) => {
    const tile = make("div");
    tile.append(make("dt", name), make("dd", value, kind));
    return tile;
  }));
}

function showFleet({ fleet, phase }) {
  const blind = fleet?.obstacle && phase !== "ended";
  $("obstacle").hidden = !blind;
  $("obstacle").textContent = blind ? `Figures of services and calls are not known: ${fleet.obstacle}.` : "";
  if (!fleet) return;
  if (fleet.seconds) $("window").textContent = String(Math.round(fleet.seconds));
  graph.show(fleet);
  const bad = (value) => (value > 0 ? "bad" : "");
  fill("services", ["service", "ready", "req/s", "errors/s", "p50", "p95", "p99", "busy", "cores", "memory"], fleet.services.map((each) => [
    [each.service], [`${each.ready ?? "–"}/${each.replicas}`, each.ready !== null && each.ready < each.replicas ? "bad" : ""], [plainRate(each.rate)], [plainRate(each.errors), bad(each.errors)],
    [seconds(each.p50)], [seconds(each.p95)], [seconds(each.p99)], [share(each.busy), each.busy >= 0.8 ? "warn" : ""], [cores(each.cpu)], [megabytes(each.resident_bytes)],
  ]));
  fill("calls", ["from", "to", "calls/s", "errors/s", "p95"], fleet.calls.map((each) => [[each.caller], [each.callee], [plainRate(each.rate)], [plainRate(each.errors), bad(each.errors)], [seconds(each.p95)]]));
}

function fill(id, titles, rows) {
  const head = make("tr"), body = document.createElement("tbody"), top = document.createElement("thead");
  head.append(...titles.map((title) => Object.assign(make("th", title), { scope: "col" })));
  top.append(head);
  body.append(...rows.map((cells) => {
    const row = make("tr");
    row.append(...cells.map(([text, kind]) => make("td", text, kind ?? "")));
    return row;
  }));
  $(id).replaceChildren(top, body);
}

const PER_SECOND = { axis: (value, step) => (step < 1 ? value.toFixed(1) : String(Math.round(value))), write: (value) => rate(value), least: 1 };
const LATENCY = { axis: (value, step) => (step >= 1 ? `${value.toFixed(0)} s` : `${Number((value * 1000).toPrecision(3))} ms`), write: seconds, least: 0.004 };
const PERCENTILES = ["p50", "p95", "p99"].map((key, place) => ({ key, label: key, class: ["one", "two", "three"][place] }));

function showCharts(seen) {
  const own = state.course.length > 0, points = own ? coursePoints() : entryPoints(seen);
  $("charts-note").textContent = own ? "As the load's clients saw it, second by second; latency counts from the moment a request was due." :
    points.length ? `As ${state.fleet.entry} counted it, over the last seconds, from Prometheus.` : "Nothing to draw yet.";
  const requests = { key: own ? "requests" : "rate", label: "completed", class: "one" };
  const failed = own ? [{ key: "failures", label: "failed", class: "fault" }, { key: "shed", label: "shed", class: "three" }] : [{ key: "errors", label: "5xx", class: "fault" }];
  const journeys = [{ key: "offered", label: "offered", class: "plan", stepped: true }, { key: "arrived", label: "arrived", class: "two" }, { key: "ended", label: "completed", class: "one" }];
  charts.plan([
    ...(own ? [{ ...PER_SECOND, title: "Journeys per second", series: journeys }] : []),
    { ...PER_SECOND, title: "Requests per second", series: [requests] },
    { ...LATENCY, title: "Latency", series: PERCENTILES },
    { ...PER_SECOND, title: "Errors per second", series: failed },
  ]);
  const zero = own ? seen.load_began : seen.began;
  charts.show(points, own ? stageBands() : [], seen.happened.map(({ at, text, bad }) => ({ x: at - zero, text, bad })));
}

const coursePoints = () => state.course.map((point) => ({ ...point, x: point.second + 1 }));
const entryPoints = ({ began }) => state.entry.map((point) => ({ ...point, x: point.at - began }));

function stageBands() {
  let begin = 0;
  return state.fleet.stages.map(({ name, seconds: length }) => {
    const band = { name, begin, end: begin + length };
    begin += length;
    return band;
  });
}

function showLogs(seen) {
  const lines = [...seen.happened].reverse().map(({ at, text, bad }) => {
    const item = make("li"), time = make("time", timeOfDay(at));
    item.append(time, make("span", text, bad ? "bad" : ""));
    return item;
  });
  $("happened").replaceChildren(...(lines.length ? lines : [make("li", "nothing yet", "muted")]));
  $("steps").replaceChildren(...seen.steps.map((step) => make("li", `${step.ok ? "✓" : "✗"} ${step.title}, ${step.seconds.toFixed(1)} s${step.result ? `: ${step.result}` : ""}`, step.ok ? "" : "bad")));
}

poll();
