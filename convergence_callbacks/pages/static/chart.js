"use strict";
/* Draws the learning curves of a page. A library of plots would weigh from 0.5 to 4 MB in each report; this is what is
   needed of one: curves, a ribbon of verdicts, hover, zoom, and the same by keyboard. */
(() => {
  const SPACE = { top: 46, left: 52, ribbon: 16, axis: 40 };
  const MOST = 40;
  const ROOM = 0.35;
  let charts = 0;

  const make = (name, attributes = {}, text = null) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    return element;
  };
  const html = (name, className, text = null) => {
    const element = document.createElement(name);
    element.className = className;
    if (text !== null) element.textContent = text;
    return element;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const shown = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(4))));
  const words = (name) => name.replaceAll("_", " ");

  const nice = (span, count) => {
    const rough = span / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  };
  const ticksOf = (low, high, count, whole) => {
    const step = whole ? Math.max(1, nice(high - low, count)) : nice(high - low, count);
    const ticks = [];
    for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9 && ticks.length < MOST; tick += step) {
      ticks.push(Number(tick.toPrecision(12)));
    }
    return ticks;
  };
  const logTicks = (low, high) => {
    const every = Math.ceil((Math.log10(high) - Math.log10(low)) / 6), ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const factor of every > 1 || high / low > 2000 ? [1] : [1, 2, 5]) {
        const tick = factor * 10 ** power;
        if (tick >= low && tick <= high && power % every === 0) ticks.push(Number(tick.toPrecision(12)));
      }
    }
    return ticks;
  };
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle; else high = middle;
    }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  };

  class Chart {
    constructor(figure, data) {
      this.figure = figure;
      this.data = data;
      for (const series of data.series) series.x ??= data.x;
      const all = [...new Set(data.series.flatMap((series) => series.x).concat(data.x ?? [], data.band?.x.map(Math.round) ?? []))].sort((a, b) => a - b);
      this.steps = all.length ? all : [0];
      this.whole = [this.steps[0], Math.max(this.steps.at(-1), data.band?.x.at(-1) ?? -Infinity)];
      this.range = [...this.whole];
      this.clip = `clip-${charts++}`;
      this.svg = make("svg", { class: "curves", tabindex: 0, role: "application", "aria-label": this.label() });
      this.tip = html("div", "tip");
      this.tip.hidden = true;
      this.summary = html("div", "unseen");
      this.summary.setAttribute("aria-live", "polite");
      figure.querySelectorAll("svg").forEach((element) => element.remove());
      figure.append(this.tools(), this.svg, this.tip, this.summary);
      this.listen();
      new ResizeObserver(() => this.draw()).observe(figure);
      this.draw();
    }

    label() {
      const unit = this.data.unit;
      return `${this.figure.getAttribute("aria-label") ?? ""} Left and right arrows read each ${unit}, plus and minus zoom, Escape shows all.`;
    }

    tools() {
      const box = html("div", "tools");
      for (const [sign, title, act] of [
        ["+", "Zoom in", () => this.zoom(0.5)],
        ["−", "Zoom out", () => this.zoom(2)],
        ["All", "Show all", () => this.show(...this.whole)],
        ["CSV", "Save what is drawn as CSV", () => this.save()],
      ]) {
        const button = html("button", "", sign);
        button.type = "button";
        button.title = title;
        button.setAttribute("aria-label", title);
        button.addEventListener("click", act);
        box.append(button);
      }
      return box;
    }

    /* A line for each step, a column for each curve; a name that a spreadsheet would compute begins with an apostrophe. */
    csv() {
      const cell = (name) => `"${(/^[=+\-@\t\r]/.test(name) ? `'${name}` : name).replaceAll('"', '""')}"`;
      const { unit, series, lr, x } = this.data;
      const columns = series.map((each) => new Map(each.x.map((step, i) => [step, each.y[i]])));
      if (lr) columns.push(new Map(x.map((step, i) => [step, lr[i]])));
      const steps = [...new Set(series.flatMap((each) => each.x))].sort((a, b) => a - b);
      const head = [unit, ...series.map((each) => each.name), ...(lr ? ["learning rate"] : [])].map(cell);
      return [head, ...steps.map((step) => [step, ...columns.map((column) => column.get(step) ?? "")])].map((row) => row.join(",")).join("\n") + "\n";
    }

    save() {
      const link = html("a", "");
      link.href = URL.createObjectURL(new Blob([this.csv()], { type: "text/csv" }));
      link.download = `${(this.data.name ?? "comparison").replace(/[^\w.-]+/g, "_")}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    }

    listen() {
      const svg = this.svg;
      svg.addEventListener("pointermove", (event) => this.move(event));
      svg.addEventListener("pointerleave", () => this.point(null));
      svg.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "touch") return this.move(event);
        if (event.button === 0) {
          this.from = this.inside(event);
          svg.setPointerCapture(event.pointerId);
        }
      });
      svg.addEventListener("pointerup", (event) => {
        if (this.from === undefined) return;
        const [a, b] = [this.from, this.inside(event)].sort((x, y) => x - y);
        this.from = undefined;
        this.dragged?.remove();
        if (b - a > 8) this.show(this.valueAt(a), this.valueAt(b));
      });
      svg.addEventListener("pointercancel", () => { this.from = undefined; this.dragged?.remove(); });
      svg.addEventListener("dblclick", () => this.show(...this.whole));
      svg.addEventListener("blur", () => this.point(null));
      svg.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = this.steps.length - 1;
      const at = this.at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
      const far = event.shiftKey ? 10 : 1;
      const to = { ArrowLeft: at - far, ArrowRight: at + far, Home: 0, End: last }[event.key];
      if (to !== undefined) {
        const place = clamp(to, 0, last), x = this.steps[place], [low, high] = this.range;
        if (x < low || x > high) this.show(...(x < low ? [x, x + high - low] : [x - high + low, x]));
        this.point(place);
        this.summary.textContent = this.tip.innerText.replaceAll("\n", ", ");
      } else if (event.key === "+" || event.key === "=") this.zoom(0.5);
      else if (event.key === "-") this.zoom(2);
      else if (event.key === "Escape") { this.point(null); this.show(...this.whole); }
      else return;
      event.preventDefault();
    }

    zoom(factor) {
      const [low, high] = this.range;
      const centre = this.at === undefined || this.at === null ? (low + high) / 2 : this.steps[this.at];
      const half = ((high - low) * factor) / 2;
      this.show(centre - half, centre + half);
    }

    show(low, high) {
      const [first, last] = this.whole, least = Math.min(4, last - first);
      const width = clamp(high - low, least, last - first);
      const start = clamp((low + high - width) / 2, first, last - width);
      this.range = [start, start + width];
      this.draw();
    }

    zoomed() {
      return this.range[0] > this.whole[0] || this.range[1] < this.whole[1] ? this.range : null;
    }

    inside(event) {
      return clamp(event.clientX - this.svg.getBoundingClientRect().left, this.left, this.right);
    }

    move(event) {
      const x = this.inside(event);
      if (this.from !== undefined) {
        this.dragged?.remove();
        this.dragged = make("rect", { class: "drag", x: Math.min(x, this.from), y: SPACE.top, width: Math.abs(x - this.from), height: this.bottom - SPACE.top });
        this.svg.append(this.dragged);
      }
      this.point(nearest(this.steps, this.valueAt(x)));
    }

    valueAt(x) {
      const [low, high] = this.range;
      return low + ((x - this.left) / Math.max(this.right - this.left, 1)) * (high - low);
    }

    xAt(value) {
      const [low, high] = this.range;
      return high > low ? this.left + ((value - low) / (high - low)) * (this.right - this.left) : (this.left + this.right) / 2;
    }

    yAt(value) {
      const [low, high] = this.limits;
      const share = this.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
      return this.bottom - share * (this.bottom - SPACE.top);
    }

    /* What is seen, without letting one explosion flatten all the rest. */
    fit() {
      const [from, to] = this.range;
      const values = this.data.series.flatMap((series) => series.y.filter((y, i) => y !== null && series.x[i] >= from && series.x[i] <= to));
      values.sort((a, b) => a - b);
      this.log = this.data.log && values.length > 0 && values[0] > 0;
      const scale = this.log ? Math.log : (x) => x, back = this.log ? Math.exp : (x) => x;
      const low = scale(values[0] ?? 0), usual = scale(values[Math.floor((values.length - 1) * 0.98)] ?? 1);
      let high = scale(values.at(-1) ?? 1);
      if (usual > low && high > usual + 3 * (usual - low)) high = usual + 0.3 * (usual - low);
      this.isCut = (values.at(-1) ?? 0) > (this.data.top ?? Infinity);
      if (this.isCut) high = Math.max(scale(this.data.top), low + 1e-9);  // an explosion leaves the picture at its top
      const span = high - low;
      let bottom = low;
      for (const [i, x] of (this.data.band?.x ?? []).entries()) {  // as much of the band as does not flatten the curves
        if (x < from || x > to) continue;
        if (!this.log || this.data.band.low[i] > 0) bottom = Math.max(Math.min(bottom, scale(this.data.band.low[i])), low - ROOM * span);
        if (!this.log || this.data.band.high[i] > 0) high = Math.min(Math.max(high, scale(this.data.band.high[i])), low + (1 + ROOM) * span);
      }
      const margin = 0.07 * (high - low) || 0.5 * Math.abs(high) || 0.5;
      this.limits = [back(bottom - margin), back(high + margin)];
    }

    draw() {
      const width = this.figure.clientWidth || 640, narrow = width < 520;
      this.height = narrow ? 270 : 330;
      const longest = Math.max(0, ...this.data.series.map((series) => series.name.length));
      this.names = longest > 14 ? 15 : longest;
      this.left = SPACE.left;
      this.right = width - 7.6 * this.names - 12;
      this.bottom = this.height - SPACE.axis - (this.data.verdicts ? SPACE.ribbon : 0);
      this.fit();
      this.svg.setAttribute("viewBox", `0 0 ${width} ${this.height}`);
      this.svg.setAttribute("height", this.height);
      const clip = make("clipPath", { id: this.clip });
      clip.append(make("rect", { x: this.left - 1, y: SPACE.top, width: Math.max(this.right - this.left + 2, 0), height: this.bottom - SPACE.top + 2 }));
      this.cross = make("g");
      this.svg.replaceChildren(clip, this.axes(narrow), this.band(), this.curves(), this.marks(), this.ribbon(), this.endings(), this.cross);
      this.point(this.at ?? null);
    }

    axes(narrow) {
      const group = make("g"), [low, high] = this.limits;
      for (const tick of this.log ? logTicks(low, high) : ticksOf(low, high, 5, false)) {
        const y = this.yAt(tick);
        group.append(make("line", { class: "grid", x1: this.left, x2: this.right, y1: y, y2: y }));
        group.append(make("text", { x: this.left - 8, y: y + 4, "text-anchor": "end" }, shown(tick)));
      }
      const foot = this.height - 18;
      for (const tick of ticksOf(...this.range, narrow ? 4 : 8, true)) {
        group.append(make("text", { x: this.xAt(tick), y: foot, "text-anchor": "middle" }, shown(tick)));
      }
      group.append(make("text", { x: (this.left + this.right) / 2, y: this.height - 2, "text-anchor": "middle" }, this.data.unit));
      const most = this.isCut ? `, cut off: up to ${shown(Math.max(...this.data.series.flatMap((series) => series.y.filter((y) => y !== null))))}` : "";
      group.append(make("text", { x: 0, y: 12 }, `${this.data.measure}${this.log ? " (logarithmic)" : ""}${most}`));
      return group;
    }

    line(series, from, to) {
      let path = "", isOpen = false;
      series.y.forEach((y, i) => {
        const x = series.x[i], isIn = y !== null && x >= from && x <= to;
        if (isIn) path += `${isOpen ? "L" : "M"}${this.xAt(x).toFixed(1)} ${this.yAt(this.log ? Math.max(y, this.limits[0]) : y).toFixed(1)}`;
        isOpen = isIn;
      });
      return path;
    }

    hue(series) {
      return `s-${series.hue ?? series.name}`;
    }

    curves() {
      const group = make("g", { "clip-path": `url(#${this.clip})` });
      for (const series of this.data.series) {
        const stop = series.stop ?? this.data.stop ?? Infinity;
        group.append(make("path", { class: `curve ${this.hue(series)}`, d: this.line(series, -Infinity, stop) }));
        if (stop < Infinity) group.append(make("path", { class: `curve after ${this.hue(series)}`, d: this.line(series, stop, Infinity) }));
        if (series.y.filter((y) => y !== null).length === 1) {
          const i = series.y.findIndex((y) => y !== null);
          group.append(make("circle", { class: `dot ${this.hue(series)}`, cx: this.xAt(series.x[i]), cy: this.yAt(series.y[i]), r: 4 }));
        }
      }
      return group;
    }

    /* Where the judged loss is expected, as seen from the stop or the latest step. */
    band() {
      const group = make("g", { "clip-path": `url(#${this.clip})` }), { band, series } = this.data;
      if (!band) return group;
      const path = (values) => values.map((y, i) => `${this.xAt(band.x[i]).toFixed(1)} ${this.yAt(this.log ? Math.max(y, this.limits[0]) : y).toFixed(1)}`);
      const hue = this.hue(series.at(-1));
      group.append(make("path", { class: `band ${hue}`, d: `M${[...path(band.low), ...path(band.high).reverse()].join("L")}Z` }));
      group.append(make("path", { class: `middle ${hue}`, d: `M${path(band.value).join("L")}` }));
      return group;
    }

    marks() {
      const group = make("g"), { stop, best, unit } = this.data;
      const isSeen = (x) => x >= this.range[0] && x <= this.range[1];
      const side = (x) => (x < this.left + 60 ? "start" : x > this.right - 60 ? "end" : "middle");
      if (typeof stop === "number" && isSeen(stop)) {
        const x = this.xAt(stop);
        group.append(make("line", { class: "stop", x1: x, x2: x, y1: SPACE.top - 6, y2: this.bottom }));
        group.append(make("text", { class: "strong", x, y: SPACE.top - 11, "text-anchor": side(x) }, `would stop: ${unit} ${stop}`));
      }
      if (best && best.y !== null && isSeen(best.x)) {
        const x = this.xAt(best.x), y = clamp(this.yAt(best.y), SPACE.top, this.bottom);
        group.append(make("circle", { class: "best", cx: x, cy: y, r: 4.5 }));
        const text = `best ${best.text}`, at = this.free(x, y, 7 * text.length, typeof stop === "number" ? this.xAt(stop) : null);
        group.append(make("text", { class: "strong halo", x: at.x, y: at.y, "text-anchor": "middle" }, text));
      }
      for (const series of this.data.series) {
        const i = typeof series.stop === "number" ? series.x.indexOf(series.stop) : -1;
        if (i >= 0 && series.y[i] !== null && isSeen(series.stop)) {
          group.append(make("circle", { class: `dot ${this.hue(series)}`, cx: this.xAt(series.stop), cy: clamp(this.yAt(series.y[i]), SPACE.top, this.bottom), r: 4.5 }));
        }
      }
      return group;
    }

    /* The place nearest to a point at which a text of this width covers neither a curve nor the line of the stop. */
    free(x, y, width, line) {
      const half = width / 2, points = [];
      for (const series of this.data.series) {
        for (let i = 0; i < series.y.length; i++) {
          if (series.y[i] === null) continue;
          const to = { x: this.xAt(series.x[i]), y: clamp(this.yAt(this.log ? Math.max(series.y[i], this.limits[0]) : series.y[i]), SPACE.top, this.bottom) };
          const from = i > 0 && series.y[i - 1] !== null ? points.at(-1) ?? to : to, parts = Math.max(1, Math.ceil(Math.abs(to.y - from.y) / 6), Math.ceil(Math.abs(to.x - from.x) / 6));
          for (let part = 1; part <= parts; part++) points.push({ x: from.x + ((to.x - from.x) * part) / parts, y: from.y + ((to.y - from.y) * part) / parts });
        }
      }
      const covers = (at) => points.some((p) => Math.abs(p.x - at.x) < half + 3 && p.y > at.y - 14 && p.y < at.y + 5) || (line !== null && Math.abs(line - at.x) < half + 3);
      const places = [];
      for (let down = 19; down < this.bottom - SPACE.top; down += 8) {
        for (const aside of [0, half + 10, -half - 10, 2 * half + 20, -2 * half - 20]) {
          for (const at of [{ x: x + aside, y: y + down }, { x: x + aside, y: y - down + 8 }]) {
            if (at.x - half >= this.left && at.x + half <= this.right && at.y - 12 >= SPACE.top && at.y + 4 <= this.bottom) places.push(at);
          }
        }
      }
      return places.find((at) => !covers(at)) ?? places[0] ?? { x, y: y - 11 };
    }

    ribbon() {
      const group = make("g");
      for (const [from, to, verdict] of this.data.verdicts ?? []) {
        const low = Math.max(from - 0.5, this.range[0]), high = Math.min(to + 0.5, this.range[1]);
        if (high < low) continue;
        const x = this.xAt(low), width = Math.max(this.xAt(high) - x, 1);
        group.append(make("rect", { class: `v-${verdict}`, x, width, y: this.bottom + 5, height: SPACE.ribbon }));
        if (width > 6.6 * verdict.length + 8) {
          group.append(make("text", { class: `on-${verdict}`, x: x + width / 2, y: this.bottom + 17, "text-anchor": "middle" }, words(verdict)));
        }
      }
      return group;
    }

    /* The names at the ends of the curves, moved apart where they meet. */
    endings() {
      const group = make("g"), ends = [];
      for (const series of this.data.series) {
        let i = series.y.length - 1;
        while (i >= 0 && (series.y[i] === null || series.x[i] > this.range[1])) i--;
        if (i >= 0) ends.push({ series, y: clamp(this.yAt(this.log ? Math.max(series.y[i], this.limits[0]) : series.y[i]), SPACE.top, this.bottom) });
      }
      ends.sort((a, b) => a.y - b.y);
      for (let i = 1; i < ends.length; i++) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + 15);
      for (let i = ends.length - 1, floor = this.bottom + 4; i >= 0; i--, floor -= 15) ends[i].y = Math.min(ends[i].y, floor);
      for (const { series, y } of ends) {
        const name = series.name.length > this.names ? `…${series.name.slice(1 - this.names)}` : series.name;
        group.append(make("text", { class: `name ${this.hue(series)}`, x: this.right + 8, y: y + 4 }, name));
      }
      return group;
    }

    expected(x) {
      const { band } = this.data, i = Math.max(1, band.x.findIndex((at) => at >= x) >>> 0);
      const right = Math.min(i, band.x.length - 1), left = Math.max(right - 1, 0);
      const share = right > left ? clamp((x - band.x[left]) / (band.x[right] - band.x[left]), 0, 1) : 0;
      const [low, middle, high] = [band.low, band.value, band.high].map((y) => shown(y[left] + share * (y[right] - y[left])));
      return `expected ${middle} (${low}–${high})`;
    }

    point(place) {
      this.at = place;
      this.cross.replaceChildren();
      const x = place === null ? null : this.steps[place];
      this.tip.hidden = x === null || x < this.range[0] || x > this.range[1];
      if (this.tip.hidden) return;
      const at = this.xAt(x), { unit, lr, verdicts, band } = this.data;
      this.cross.append(make("line", { class: "cross", x1: at, x2: at, y1: SPACE.top, y2: this.bottom }));
      this.tip.replaceChildren(html("b", "", `${unit} ${x}`));
      for (const series of this.data.series) {
        const i = nearest(series.x, x), y = series.x[i] === x ? series.y[i] : null;
        if (series.x[i] !== x) continue;
        if (y !== null) this.cross.append(make("circle", { class: `dot ${this.hue(series)}`, cx: at, cy: clamp(this.yAt(y), SPACE.top, this.bottom), r: 4 }));
        const row = html("div", this.hue(series));
        row.append(html("i", ""), `${series.name} ${y === null ? "not finite, or missing" : shown(y)}`);
        this.tip.append(row);
      }
      if (lr) this.tip.append(html("div", "faint", `learning rate ${shown(lr[nearest(this.data.x, x)])}`));
      if (band && x >= band.x[0]) this.tip.append(html("div", "faint", this.expected(x)));
      const verdict = verdicts?.find(([from, to]) => from <= x && x <= to);
      if (verdict) this.tip.append(html("div", "", words(verdict[2])));
      const box = this.tip.getBoundingClientRect(), width = this.figure.clientWidth;
      this.tip.style.left = `${clamp(at + 14 + box.width > width ? at - box.width - 14 : at + 14, 0, Math.max(width - box.width, 0))}px`;
      const above = this.svg.getBoundingClientRect().top - this.figure.getBoundingClientRect().top;
      this.tip.style.top = `${above + SPACE.top + 6}px`;
    }
  }

  const drawAll = (root = document) => {
    for (const figure of root.querySelectorAll("figure.chart")) {
      const data = JSON.parse(figure.querySelector("script").textContent);
      if (data.series.length) figure.chart = new Chart(figure, data);
    }
  };
  window.convergence = { drawAll };
  drawAll();
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
    for (const figure of document.querySelectorAll("figure.chart")) figure.chart?.point(null);
  });
})();
