"use strict";
// Shows the charts, gives them the page's colours, and lets a keyboard do what dragging does.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const models = () => Bokeh.documents.flatMap((each) => [...each.all_models]);

  function paint(forPrint) {
    const night = dark.matches && !forPrint;
    const ink = night ? "#d5dbe1" : "#2a323b", line = night ? "#333c46" : "#dfe3e8";
    for (const model of models()) {
      if (model.type.endsWith("Axis")) {
        model.setv({axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: line, major_tick_line_color: line, minor_tick_line_color: null});
      } else if (model.type === "Grid") {
        model.setv({grid_line_color: line});
      } else if (model.type === "Title") {
        model.setv({text_color: ink});
      } else if (model.type === "Legend") {
        model.setv({label_text_color: ink});
      }
    }
  }

  function zoomable() {
    const range = models().find((model) => model.type === "Range1d" && model.min_interval);
    if (!range) return;
    const whole = {start: range.start, end: range.end};
    const show = (start, end) => {
      const width = Math.min(Math.max(end - start, 2), whole.end - whole.start);
      const from = Math.min(Math.max(start, whole.start), whole.end - width);
      range.setv({start: from, end: from + width});
    };
    const moves = {
      whole: () => show(whole.start, whole.end),
      closer: (start, end) => show(start + (end - start) / 4, end - (end - start) / 4),
      wider: (start, end) => show(start - (end - start) / 2, end + (end - start) / 2),
      earlier: (start, end) => show(start - (end - start) / 3, end - (end - start) / 3),
      later: (start, end) => show(start + (end - start) / 3, end + (end - start) / 3),
    };
    for (const button of document.querySelectorAll("button[data-move]")) {
      button.addEventListener("click", () => moves[button.dataset.move](range.start, range.end));
    }
  }

  async function draw() {
    await Promise.all(Object.values(read("charts")).map((item) => Bokeh.embed.embed_item(item)));
    paint(false);
    zoomable();
    dark.addEventListener("change", () => paint(false));
    document.documentElement.dataset.drawn = "yes";
  }

  // What is folded is not printed.
  const folded = new Set();
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details:not([open])")) { folded.add(each); each.open = true; }
    if (window.Bokeh) paint(true);
  });
  window.addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
    folded.clear();
    if (window.Bokeh) paint(false);
  });
  for (const link of document.querySelectorAll("a[href^='#check-']")) {
    link.addEventListener("click", () => document.querySelector(link.hash)?.closest("details")?.setAttribute("open", ""));
  }
  if (window.Bokeh) draw();
})();
