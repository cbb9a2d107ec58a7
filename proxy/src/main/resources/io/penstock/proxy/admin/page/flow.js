// Decisions as lines that fall from the gateway and land on their pod. One canvas; it draws only
// while something moves, and everything of one colour and strength at once.

import {colour} from './text.js';

const FALL = 720; // milliseconds from the gateway to a pod
const HOP = 420; // from the pod that computes a prompt to the one that answers
const GLOW = 900;
const MOST = 600; // lines under way; more are drawn as landings only
const TOP = 10;
const HUES = 6; // steps between the colours of nothing held and all held
const TAIL = 5; // pieces of a line, ever fainter
const LEVELS = 8; // strengths of a glow
const GUIDES = 200; // milliseconds between two drawings of the ways, whose widths change slowly
const FADE = 1100; // milliseconds in which a decision's share of its way falls to a third

export class Flow {
  /** @param podBox the columns, whose order and places the lines follow */
  constructor(canvas, podBox) {
    this.canvas = canvas;
    this.podBox = podBox;
    this.context = canvas.getContext('2d');
    this.ways = document.createElement('canvas');
    this.waysAt = -Infinity; // when they were drawn; anew after every measuring
    this.fadedAt = 0;
    this.places = new Map();
    this.falling = [];
    this.glowing = [];
    this.strokes = new Map(); // what this frame draws, by colour
    this.fills = new Map();
    this.shares = new Map();
    this.running = false;
    this.still = matchMedia('(prefers-reduced-motion: reduce)');
    new ResizeObserver(() => this.measure()).observe(podBox);
  }

  /** Where the columns are; to be called when pods came or went, or the palette changed. */
  measure() {
    const box = this.canvas.getBoundingClientRect();
    const scale = Math.min(2, devicePixelRatio || 1);
    this.width = box.width;
    this.height = box.height;
    this.canvas.width = Math.round(box.width * scale);
    this.canvas.height = Math.round(box.height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.ways.width = this.canvas.width;
    this.ways.height = this.canvas.height;
    this.ways.getContext('2d').setTransform(scale, 0, 0, scale, 0, 0);
    this.waysAt = -Infinity;
    this.places.clear();
    for (const button of this.podBox.children) {
      this.places.set(button.dataset.address, button.offsetLeft + button.offsetWidth / 2);
    }
    this.colours = {
      hit: colour('--hit'), miss: colour('--miss'), fail: colour('--fail'),
      guide: `rgb(${colour('--guide')})`, ink: `rgb(${colour('--ink-3')})`,
    };
    this.wake();
  }

  /** A decision was made. @param after milliseconds until it shows, so that a batch does not jump */
  land(decision, after) {
    const start = performance.now() + after;
    if (decision.noEndpoint) {
      this.glow(null, start, this.colours.fail, 1.5);
      this.wake();
      return;
    }
    const to = decision.endpoint;
    this.shares.set(to, (this.shares.get(to) || 0) + 1);
    const held = decision.promptTokens > 0
      ? Math.min(1, (decision.predictedCachedTokens || 0) / decision.promptTokens) : 0;
    const hue = mix(this.colours.miss, this.colours.hit, Math.round(held * HUES) / HUES);
    if (this.still.matches || this.falling.length >= MOST) {
      this.glow(to, start, hue);
    } else {
      const jitter = (hash(decision.requestId) - 0.5) * 2;
      this.falling.push({start, to, by: decision.prefillEndpoint, hue, jitter, landed: false});
    }
    this.wake();
  }

  /** An attempt at a pod failed. */
  fail(address) {
    this.glow(address, performance.now(), this.colours.fail, 2);
    this.wake();
  }

  glow(address, start, hue, size = 1) {
    if (this.glowing.length < MOST) this.glowing.push({address, start, hue, size});
  }

  wake() {
    if (!this.running && this.colours && !document.hidden) {
      this.running = true;
      this.fadedAt = performance.now();
      requestAnimationFrame(now => this.frame(now));
    }
  }

  frame(now) {
    this.context.clearRect(0, 0, this.width, this.height);
    if (now - this.waysAt >= GUIDES) this.guides(now);
    if (this.ways.width > 0 && this.ways.height > 0) {
      this.context.drawImage(this.ways, 0, 0, this.width, this.height);
    }
    this.falling = this.falling.filter(line => this.line(line, now));
    this.glowing = this.glowing.filter(glow => this.drawGlow(glow, now));
    this.paint();
    const moving = this.falling.length > 0 || this.glowing.length > 0 || this.shares.size > 0;
    this.running = moving && !document.hidden;
    if (this.running) requestAnimationFrame(next => this.frame(next));
  }

  /** The ways there are, as broad as they were used lately, drawn aside. */
  guides(now) {
    const faded = Math.exp((this.fadedAt - now) / FADE);
    this.waysAt = this.fadedAt = now;
    for (const [address, share] of this.shares) {
      if (share < 0.05) this.shares.delete(address);
      else this.shares.set(address, share * faded);
    }
    const context = this.ways.getContext('2d');
    context.clearRect(0, 0, this.width, this.height);
    const all = Math.max(12, [...this.shares.values()].reduce((a, b) => a + b, 0));
    context.lineCap = 'round';
    context.strokeStyle = this.colours.guide;
    for (const [address, x] of this.places) {
      const share = (this.shares.get(address) || 0) / all;
      context.lineWidth = Math.min(14, 1 + 22 * share);
      context.globalAlpha = 0.55 + 0.45 * Math.min(1, share * 3);
      context.beginPath();
      context.moveTo(this.width / 2, TOP);
      context.bezierCurveTo(this.width / 2, this.height * 0.62, x, this.height * 0.38, x, this.height);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.strokeStyle = this.colours.ink;
    context.lineWidth = 3;
    const reach = Math.min(46, this.width / 8);
    context.beginPath();
    context.moveTo(this.width / 2 - reach, TOP - 4);
    context.lineTo(this.width / 2 + reach, TOP - 4);
    context.stroke();
  }

  /** Draws a line under way; false when it has landed. */
  line(line, now) {
    const age = now - line.start;
    if (age < 0) return true;
    const first = line.by ?? line.to;
    const x = this.places.get(first);
    if (x === undefined) return false;
    if (age < FALL) {
      this.stroke(line.hue, t => this.fallPoint(x, line.jitter, t), ease(age / FALL), 0.16);
      return true;
    }
    if (!line.landed) {
      line.landed = true;
      this.glow(first, now, line.hue);
    }
    const next = this.places.get(line.to);
    if (!line.by || next === undefined || age >= FALL + HOP) {
      if (line.by) this.glow(line.to, now, line.hue);
      return false;
    }
    const lift = 26 + Math.abs(next - x) * 0.06;
    this.stroke(line.hue, t => [
      x + (next - x) * t, this.height - 2 - lift * 4 * t * (1 - t),
    ], (age - FALL) / HOP, 0.3);
    return true;
  }

  fallPoint(x, jitter, t) {
    const from = this.width / 2 + jitter * Math.min(40, this.width / 9);
    const u = 1 - t;
    const a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
    return [
      a * from + b * from + c * x + d * x,
      a * TOP + b * this.height * 0.62 + c * this.height * 0.38 + d * this.height,
    ];
  }

  /** The part of a curve from t - length to t, brighter to its head. */
  stroke(hue, at, t, length) {
    const tail = Math.max(0, t - length);
    let [x, y] = at(tail);
    for (let i = 1; i <= TAIL; i++) {
      const [nextX, nextY] = at(tail + ((t - tail) * i) / TAIL);
      const path = pathOf(this.strokes, hue, (i / TAIL) * 0.9);
      path.moveTo(x, y);
      path.lineTo(nextX, nextY);
      [x, y] = [nextX, nextY];
    }
  }

  drawGlow(glow, now) {
    const age = (now - glow.start) / GLOW;
    if (age < 0) return true;
    const x = glow.address === null ? this.width / 2 : this.places.get(glow.address);
    if (age >= 1 || x === undefined) return false;
    const y = glow.address === null ? TOP : this.height - 2;
    const strength = (0.5 * Math.ceil(LEVELS * (1 - age) ** 2)) / LEVELS;
    const [wide, high] = [(5 + 16 * age) * glow.size, (3 + 5 * age) * glow.size];
    const path = pathOf(this.fills, glow.hue, strength);
    path.moveTo(x + wide, y);
    path.ellipse(x, y, wide, high, 0, 0, 7);
    return true;
  }

  /** Draws what this frame has. */
  paint() {
    const context = this.context;
    context.lineWidth = 2;
    for (const [colour, path] of this.strokes) {
      context.strokeStyle = colour;
      context.stroke(path);
    }
    for (const [colour, path] of this.fills) {
      context.fillStyle = colour;
      context.fill(path);
    }
    this.strokes.clear();
    this.fills.clear();
  }
}

function pathOf(paths, hue, strength) {
  const colour = `rgb(${hue} / ${strength.toFixed(2)})`;
  let path = paths.get(colour);
  if (!path) paths.set(colour, path = new Path2D());
  return path;
}

const ease = t => t * t * (1.6 - 0.6 * t);

function mix(from, to, share) {
  const a = from.split(' ').map(Number);
  const b = to.split(' ').map(Number);
  return a.map((value, i) => Math.round(value + (b[i] - value) * share)).join(' ');
}

/** 0..1, the same for the same text. */
function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h >>> 0) / 4294967296;
}
