// Two minutes of the stream, second by second, and the small charts of them.

import {percent, svg, time} from './text.js';

const SECONDS = 120;
const MOST_TIMES = 400; // a second; p50 and p90 of more would look the same

/** What ended in each of the last seconds. */
export class History {
  constructor() {
    this.seconds = [];
  }

  now() {
    const second = Math.floor(performance.now() / 1000);
    let last = this.seconds.at(-1);
    if (!last || last.second < second) {
      last = {second, made: 0, prompt: 0, cached: 0, ttft: []};
      this.seconds.push(last);
      while (this.seconds[0].second <= second - SECONDS) this.seconds.shift();
    }
    return last;
  }

  made(n) {
    this.now().made += n;
  }

  ended(decision) {
    const second = this.now();
    // As the engine counted, where it said so; else as the gateway expected.
    const cached = decision.cachedTokens ?? decision.predictedCachedTokens;
    if (cached !== undefined) {
      second.prompt += (decision.cachedTokens !== undefined && decision.countedTokens) || decision.promptTokens;
      second.cached += cached;
    }
    if (decision.ttft !== undefined && second.ttft.length < MOST_TIMES) {
      second.ttft.push(decision.ttft);
    }
  }

  /** Sums over the last whole seconds. */
  lately(span) {
    const now = this.now().second;
    const sum = {made: 0, prompt: 0, cached: 0, ttft: []};
    for (const second of this.seconds) {
      if (second.second >= now - span && second.second < now) {
        sum.made += second.made;
        sum.prompt += second.prompt;
        sum.cached += second.cached;
        sum.ttft.push(...second.ttft);
      }
    }
    sum.ttft.sort((a, b) => a - b);
    return sum;
  }
}

export const quantile = (sorted, q) =>
    sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

const WIDTH = 320;
const HEIGHT = 92;
const FOOT = 4;

/** Draws a chart of some lines over the last two minutes. */
function draw(box, lines, top, label, unit) {
  const image = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label});
  const y = value => HEIGHT - FOOT - (HEIGHT - 2 * FOOT) * Math.min(1, value / top);
  for (const share of [0, 0.5, 1]) {
    image.append(svg('line', {x1: 0, x2: WIDTH, y1: y(top * share), y2: y(top * share), class: 'grid'}));
  }
  for (const {name, points, filled} of lines) {
    let path = '';
    let area = '';
    let previous = null;
    for (const [ago, value] of points) {
      const x = WIDTH * (1 - ago / SECONDS);
      const step = previous !== null && previous - ago <= 4 ? 'L' : 'M';
      if (step === 'M') area += `${area ? `V${HEIGHT - FOOT}Z` : ''}M${x.toFixed(1)} ${HEIGHT - FOOT}V${y(value).toFixed(1)}`;
      else area += `L${x.toFixed(1)} ${y(value).toFixed(1)}`;
      path += `${step}${x.toFixed(1)} ${y(value).toFixed(1)}`;
      if (step === 'M') path += 'h0.01'; // a point of its own is a dot
      previous = ago;
    }
    if (filled && area) image.append(svg('path', {d: `${area}V${HEIGHT - FOOT}Z`, class: 'area ' + name}));
    if (path) image.append(svg('path', {d: path, class: 'line ' + name, 'vector-effect': 'non-scaling-stroke'}));
  }
  const most = document.createElement('span');
  most.className = 'most';
  most.textContent = unit(top);
  box.replaceChildren(image, most);
}

function points(history, value) {
  const now = history.now().second;
  const found = [];
  for (const second of history.seconds) {
    const y = value(second);
    if (second.second < now && y !== null) found.push([now - second.second, y]);
  }
  return found;
}

export function hitChart(box, history) {
  const share = points(history, second => (second.prompt > 0 ? second.cached / second.prompt : null));
  const last = share.length ? percent(share.at(-1)[1]) : 'none yet';
  draw(box, [{name: 'hit', points: share, filled: true}], 1,
      `Prefix hit share over two minutes; last ${last}`, percent);
}

export function ttftChart(box, history) {
  const sorted = second => [...second.ttft].sort((a, b) => a - b);
  const p50 = points(history, second => quantile(sorted(second), 0.5));
  const p90 = points(history, second => quantile(sorted(second), 0.9));
  const top = nice(Math.max(0.001, ...p90.map(point => point[1])));
  const last = p50.length ? `p50 ${time(p50.at(-1)[1])}, p90 ${time(p90.at(-1)[1])}` : 'none yet';
  draw(box, [{name: 'p90', points: p90}, {name: 'p50', points: p50}], top,
      `Time to first token over two minutes; last ${last}`, time);
}

/** The next 1, 2 or 5 times a power of ten. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value);
}
