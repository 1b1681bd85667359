/* The page's marks: kept here, so that keys and mouse answer at once; the server is told of every change.

   Places count within the series. `state` is one window:
     first, last   its bounds            known   places whose label is fixed already
     marks         marked places (a Set) cursor  the place that keys act on
     history       marks before each change, for undo
     range         {anchor, before} while shift and an arrow key draw a range */
(function () {
  "use strict";

  const DRAFT_MILLISECONDS = 150;
  const STEP = 20;
  let state = null;
  let draftTimer = null;
  let frame = null;
  let shownAt = 0;

  /* ------------------------------------------------------------------ what the marks do; no page needed */

  function begin(meta, marks) {
    const known = new Set(meta.known);
    return {
      first: meta.first, last: meta.last, known: known, cursor: meta.centre, history: [], range: null,
      marks: new Set(marks.filter((place) => !known.has(place))),
    };
  }

  function clamp(window, place) {
    return Math.min(Math.max(place, window.first), window.last);
  }

  function change(window, marks) {
    const same = marks.size === window.marks.size && [...marks].every((place) => window.marks.has(place));
    if (same) return;
    if (window.range === null) window.history.push(window.marks);
    window.marks = marks;
  }

  function toggle(window, places) {
    const free = places.filter((p) => p >= window.first && p <= window.last && !window.known.has(p));
    const marks = new Set(window.marks);
    if (free.length && free.every((place) => marks.has(place))) free.forEach((place) => marks.delete(place));
    else free.forEach((place) => marks.add(place));
    change(window, marks);
  }

  function move(window, steps) {
    window.range = null;
    window.cursor = clamp(window, window.cursor + steps);
  }

  function extend(window, steps) {
    if (window.range === null) {
      window.history.push(window.marks);
      window.range = { anchor: window.cursor, before: window.marks };
    }
    window.cursor = clamp(window, window.cursor + steps);
    const [from, to] = [window.range.anchor, window.cursor].sort((a, b) => a - b);
    const marks = new Set(window.range.before);
    for (let place = from; place <= to; place++) if (!window.known.has(place)) marks.add(place);
    window.marks = marks;
  }

  function removeRun(window) {
    const marks = new Set(window.marks);
    for (const step of [1, -1]) {
      for (let place = window.cursor; window.marks.has(place); place += step) marks.delete(place);
    }
    window.range = null;
    change(window, marks);
  }

  function clear(window) {
    window.range = null;
    change(window, new Set());
  }

  function undo(window) {
    window.range = null;
    if (!window.history.length) return false;
    window.marks = window.history.pop();
    return true;
  }

  function sorted(window) {
    return [...window.marks].sort((a, b) => a - b);
  }

  /* ------------------------------------------------------------------------------------------ the page */

  function plot() {
    return document.querySelector("#graph .js-plotly-plot");
  }

  function meta() {
    const drawn = plot();
    return drawn && drawn.layout && drawn.layout.meta ? drawn.layout.meta : null;
  }

  function say(text) {
    const place = document.getElementById("cursor");
    if (place && place.textContent !== text) place.textContent = text;
  }

  function count(marks) {
    return marks === 1 ? "1 point is" : `${marks} points are`;
  }

  function busy(flag) {
    document.body.classList.toggle("busy", flag);
    document.querySelectorAll("button[data-action]").forEach((button) => {
      button.disabled = flag || (state === null && button.dataset.action !== "back");
    });
  }

  /* A key that is held comes thirty times a second; the plot is drawn once for all that came since the last frame. */
  function drawSoon() {
    if (!frame) frame = window.requestAnimationFrame(draw);
  }

  /* Draw marks and cursor where the plot shows others, also after the plot was drawn anew. */
  function draw() {
    frame = null;
    const drawn = plot(), about = meta();
    if (!drawn || !about || !state || state.shown !== about.window_number) return;
    const line = drawn.data[about.window];
    const marks = sorted(state);
    const signature = `${state.shown}:${state.cursor}:${marks.join(",")}`;
    if (drawn.drawnMarks === signature && drawn.data[about.marked].x.length === marks.length) return;
    drawn.drawnMarks = signature;
    const value = (place) => line.y[place - state.first];
    const points = { x: [marks, [state.cursor]], y: [marks.map(value), [value(state.cursor)]] };
    const shape = `shapes[${about.cursorShape}]`;
    const layout = { [`${shape}.x0`]: state.cursor, [`${shape}.x1`]: state.cursor };
    const range = drawn.layout.xaxis.range;
    if (state.cursor < range[0] || state.cursor > range[1]) {
      const half = (range[1] - range[0]) / 2;
      layout["xaxis.range"] = [state.cursor - half, state.cursor + half];
    }
    window.Plotly.update(drawn, points, layout, [about.marked, about.cursor]);
    const hint = state.known.has(state.cursor) ? "labelled before" : state.marks.has(state.cursor) ? "marked" : "not marked";
    const shown = Number(value(state.cursor).toPrecision(6));
    say(`Cursor at ${state.cursor}: ${line.text[state.cursor - state.first]}, value ${shown}, ${hint}. ${marks.length} marked.`);
    const label = document.getElementById("submit-text");
    if (label) label.textContent = marks.length ? `Submit ${marks.length} marked` : "Submit";
    document.getElementById("do-undo").disabled = !state.history.length;
    document.getElementById("do-clear").disabled = !marks.length;
  }

  function attach(drawn) {
    drawn.hasMarks = true;
    drawn.on("plotly_click", (event) => {
      if (!state || !event.points.length) return;
      const place = Math.round(event.points[0].x);
      if (place < state.first || place > state.last) return;
      move(state, place - state.cursor);
      toggle(state, [place]);
      changed();
    });
    drawn.on("plotly_selected", (event) => {
      if (!event || !state) return;
      const about = meta();
      const places = [...new Set(event.points.filter((p) => p.curveNumber !== about.marked).map((p) => Math.round(p.x)))];
      window.setTimeout(() => {
        window.Plotly.restyle(drawn, { selectedpoints: [null] });
        window.Plotly.relayout(drawn, { selections: [] });
      }, 0);
      if (!places.length) return;
      state.range = null;
      toggle(state, places);
      changed();
    });
  }

  function changed() {
    drawSoon();
    window.clearTimeout(draftTimer);
    draftTimer = window.setTimeout(sendDraft, DRAFT_MILLISECONDS);
  }

  function sendDraft() {
    if (state) window.dash_clientside.set_props("marks", { data: { number: state.number, marks: sorted(state) } });
  }

  function send(marks) {
    window.clearTimeout(draftTimer);
    const seconds = (Date.now() - shownAt) / 1000;
    window.dash_clientside.set_props("submission", { data: { number: state.number, marks: marks, seconds: seconds } });
    state = null;
    busy(true);
    say("Your answer is being kept.");
  }

  function zoom(factor) {
    const drawn = plot();
    const [from, to] = drawn.layout.xaxis.range;
    window.Plotly.relayout(drawn, {
      "xaxis.range": [state.cursor - (state.cursor - from) * factor, state.cursor + (to - state.cursor) * factor],
    });
  }

  function wholeWindow() {
    const margin = 0.2 * (state.last - state.first + 1);
    window.Plotly.relayout(plot(), { "xaxis.range": [state.first - margin, state.last + margin] });
  }

  const actions = {
    submit() {
      if (state.marks.size) send(sorted(state));
      else say("Nothing is marked. If the window holds no anomaly, press N or “Nothing here”.");
    },
    nothing() {
      if (!state.marks.size) send([]);
      else say(`${count(state.marks.size)} marked. Press Enter to submit, or C to clear first.`);
    },
    undo() {
      if (undo(state)) changed();
      else say("Nothing to undo in this window. B takes the last window back.");
    },
    clear() { clear(state); changed(); },
    toggle() { state.range = null; toggle(state, [state.cursor]); changed(); },
    remove() { removeRun(state); changed(); },
    left() { move(state, -1); drawSoon(); },
    right() { move(state, 1); drawSoon(); },
    farLeft() { move(state, -STEP); drawSoon(); },
    farRight() { move(state, STEP); drawSoon(); },
    home() { move(state, state.first - state.cursor); drawSoon(); },
    end() { move(state, state.last - state.cursor); drawSoon(); },
    extendLeft() { extend(state, -1); changed(); },
    extendRight() { extend(state, 1); changed(); },
    closer() { zoom(0.6); },
    wider() { zoom(1 / 0.6); },
    whole() { wholeWindow(); },
    back() {
      window.dash_clientside.set_props("back", { data: { at: Date.now() } });
      state = null;
      busy(true);
    },
  };
  const keys = {
    Enter: "submit", n: "nothing", u: "undo", c: "clear", b: "back", " ": "toggle", Delete: "remove",
    Backspace: "remove", ArrowLeft: "left", ArrowRight: "right", PageUp: "farLeft", PageDown: "farRight", Home: "home",
    End: "end", "+": "closer", "=": "closer", "-": "wider", 0: "whole",
  };
  const withShift = { ArrowLeft: "extendLeft", ArrowRight: "extendRight" };

  function act(action) {
    if (document.body.classList.contains("busy") || (state === null && action !== "back")) return;
    actions[action]();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const inside = event.target.closest("input, textarea, select, button, a, summary, [contenteditable], .wide");
    if (inside && (event.key === "Enter" || event.key === " " || !inside.matches("button, a, summary"))) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = (event.shiftKey && withShift[key]) || keys[key];
    if (!action || (event.repeat && ["submit", "nothing", "back"].includes(action))) return;
    event.preventDefault();
    act(action);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (!button) return;
    act(button.dataset.action);
    // After a mouse click the keys act on the plot again; who tabs to a button stays there.
    if (event.detail > 0) document.getElementById("window").focus({ preventScroll: true });
  });

  /* A window arrives in two parts, its figure and its marks; whichever comes last, they are drawn within a blink. */
  window.setInterval(() => {
    const drawn = plot();
    if (!drawn || !drawn.on) return;
    if (!drawn.hasMarks) attach(drawn);
    const about = meta();
    if (pending && about && about.window_number === pending.window) {
      state = Object.assign(begin(about, pending.marks), { shown: pending.window, number: pending.number });
      pending = null;
      shownAt = Date.now();
      busy(false);
    }
    draw();
  }, 60);

  let pending = null;
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    leiad: {
      begin(query) {
        state = null;
        pending = query && query.pending ? query : null;
        if (query && !query.pending) busy(false);
        return query ? query.window : window.dash_clientside.no_update;
      },
      now() {
        return state && { number: state.number, marks: sorted(state), cursor: state.cursor, first: state.first, last: state.last };
      },
      logic: { begin, toggle, move, extend, removeRun, clear, undo, sorted },
    },
  });
})();
