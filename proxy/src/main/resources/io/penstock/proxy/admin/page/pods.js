// The pods as columns that fill, and one pod opened.

import {clock, count, el, outcome, percent, short, shortName, time, words} from './text.js';

const VESSEL = 132; // pixels, as in the style sheet

const STATES = {
  ready: 'ready',
  stale: 'no fresh metrics',
  starting: 'has not listed its models yet',
  busy: 'asked to be left alone for a moment',
  ejected: 'ejected after failures',
  draining: 'draining',
};

export const state = word => STATES[word] || word;

const ROLES = {prefill: 'P', decode: 'D', both: ''};

/** The row of columns. Columns are made once a pod and changed in place. */
export class Pods {
  /**
   * @param open called with the address of a pod that is chosen
   * @param point called with a pod that is pointed at or focused, null when none is
   */
  constructor(box, open, point) {
    this.box = box;
    this.open = open;
    this.point = point;
    this.columns = new Map();
    this.list = [];
    box.addEventListener('keydown', event => this.key(event));
  }

  /** Takes over what the gateway says; true when pods came or went. */
  update(list) {
    const key = pod => pod.pool + ' ' + pod.address;
    const changed =
        list.length !== this.list.length || list.some((pod, i) => key(pod) !== key(this.list[i]));
    this.list = list;
    if (changed) this.rebuild();
    const most = Math.max(8, ...list.map(pod => load(pod).running + load(pod).waiting));
    for (const pod of list) this.columns.get(pod.address).show(pod, most);
    return changed;
  }

  rebuild() {
    const known = this.columns;
    const focused = document.activeElement;
    this.columns = new Map();
    for (const pod of this.list) {
      this.columns.set(pod.address, known.get(pod.address) || new Column(pod, this));
    }
    const columns = [...this.columns.values()];
    this.box.replaceChildren(...columns.map(column => column.button));
    columns.forEach((column, i) => {
      column.name.textContent = shortName(this.list[i], this.list);
      column.button.tabIndex = i === 0 ? 0 : -1;
    });
    if (focused && this.box.contains(focused)) focused.focus();
    this.box.dataset.density =
        this.list.length > 60 ? 'tiny' : this.list.length > 16 ? 'dense' : 'roomy';
  }

  /** One stop for the Tab key; the arrows go from pod to pod. */
  key(event) {
    const buttons = [...this.box.children];
    const at = buttons.indexOf(document.activeElement);
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1,
    }[event.key];
    if (at < 0 || to === undefined || !buttons[to]) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  }
}

/** What runs and waits: the engine's word, or the gateway's own count while there is none. */
function load(pod) {
  return pod.signals.fresh
    ? {running: pod.signals.running, waiting: pod.signals.waiting}
    : {running: pod.in_flight, waiting: 0};
}

class Column {
  constructor(pod, pods) {
    this.name = el('span', {class: 'name'});
    this.role = el('span', {class: 'role'});
    this.kv = el('span', {class: 'kv'});
    this.prefix = el('span', {class: 'prefix'});
    this.run = el('span', {class: 'run'});
    this.wait = el('span', {class: 'wait'});
    this.numbers = el('span', {class: 'numbers'});
    this.button = el('button',
        {
          type: 'button',
          class: 'pod',
          onclick: () => pods.open(pod.address),
          onpointerenter: () => pods.point(this.pod),
          onpointerleave: () => pods.point(null),
          onfocus: () => pods.point(this.pod),
          onblur: () => pods.point(null),
        },
        el('span', {class: 'vessel'}, this.kv, this.prefix, this.wait, this.run),
        el('span', {class: 'cap'}, el('i', {class: 'dot'}), this.name, this.role),
        this.numbers);
    this.button.dataset.address = pod.address;
  }

  show(pod, most) {
    this.pod = pod;
    const {running, waiting} = load(pod);
    const kv = Math.min(1, pod.signals.kv_cache_usage);
    const unit = Math.min(9, VESSEL / most);
    this.button.dataset.state = pod.state;
    this.role.textContent = ROLES[pod.role] ?? '';
    this.kv.style.height = (kv * 100).toFixed(1) + '%';
    this.prefix.style.height = (heldShare(pod) * 100).toFixed(1) + '%';
    this.button.style.setProperty('--unit', unit.toFixed(2) + 'px');
    this.run.style.height = (running * unit).toFixed(1) + 'px';
    this.wait.style.height = (waiting * unit).toFixed(1) + 'px';
    this.wait.style.bottom = (running * unit).toFixed(1) + 'px';
    const said = spoken(pod);
    if (said === this.said) return;
    this.said = said;
    this.numbers.replaceChildren(
        number(count(running), 'run'), number(count(waiting), 'wait', waiting > 0),
        number(percent(kv), 'KV', kv > 0.95), number(short(pod.prefix_tokens), 'held'));
    this.button.setAttribute('aria-label', said);
  }
}

const number = (value, unit, loud) =>
    el('span', loud ? {class: 'loud'} : {}, el('b', {}, value), ' ' + unit);

const heldShare = pod =>
    pod.signals.kv_cache_tokens > 0
      ? Math.min(1, pod.prefix_tokens / pod.signals.kv_cache_tokens) : 0;

/** One line on a pod. */
export function spoken(pod) {
  const {running, waiting} = load(pod);
  const role = pod.role === 'both' ? '' : `, ${pod.role}`;
  return `${pod.name}${role}: ${state(pod.state)}, ${running} running, ${waiting} waiting, KV cache `
      + `${percent(pod.signals.kv_cache_usage)} in use, ${count(pod.prefix_tokens)} prefix tokens held`;
}

/** A pod with its signals, decisions and errors, as elements. */
export function podDetail(pod, openDecision) {
  const signals = pod.signals;
  const age = signals.age_ms === undefined ? 'never read' : `read ${time(signals.age_ms / 1000)} ago`;
  const hits = signals.prefix_cache_queries > 0
    ? percent(signals.prefix_cache_hits / signals.prefix_cache_queries) : 'none yet';
  const facts = [
    ['state', state(pod.state)],
    ['role', pod.role === 'both' ? 'prefill and decode' : pod.role],
    ['pool', pod.pool],
    ['models', pod.models.join(', ') || 'none listed yet'],
    ['weight after its return', pod.weight < 1 ? percent(pod.weight) : null],
  ];
  const engine = [
    ['running', count(signals.running)],
    ['waiting', count(signals.waiting)],
    ['KV cache in use', percent(signals.kv_cache_usage)],
    ['KV cache', signals.kv_cache_tokens ? count(signals.kv_cache_tokens) + ' tokens' : 'unknown'],
    ['prefix cache hits, all time', hits],
    ['preemptions', count(signals.preemptions)],
    ['asleep', signals.asleep ? 'yes' : null],
    ['scrapes failed in a row', signals.failed_scrapes || null],
  ];
  const gateway = [
    ['in flight', count(pod.in_flight)],
    ['of them decoding', count(pod.decoding)],
    ['prompt tokens to compute', count(pod.pending_prefill_tokens)],
    ['context tokens', count(pod.context_tokens)],
    ['prefix tokens held', count(pod.prefix_tokens)],
  ];
  return [
    factList(facts),
    el('h3', {}, 'The engine’s word ', el('small', {class: signals.fresh ? '' : 'loud'}, age)),
    factList(engine),
    el('h3', {}, 'The gateway’s own count ', el('small', {}, 'exact, now')),
    factList(gateway),
    el('h3', {}, 'Errors ', el('small', {}, pod.errors.length ? 'newest first' : '')),
    list(pod.errors, openDecision, decision =>
        (decision.failure ? words(decision.failure) : 'tried elsewhere after it') + ', '
        + outcome(decision.outcome), 'None that the gateway remembers.'),
    el('h3', {}, 'Decisions ', el('small', {}, pod.decisions.length ? 'newest first' : '')),
    list(pod.decisions, openDecision, decision =>
        `${count(decision.predictedCachedTokens ?? 0)} of ${count(decision.promptTokens)} tokens held, `
        + outcome(decision.outcome), 'None that the gateway remembers.'),
  ];
}

/** Pairs as a description list; those without a value are left out. */
export function factList(pairs) {
  return el('dl', {class: 'facts'}, ...pairs.filter(([, value]) => value !== null)
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, String(value)))));
}

function list(decisions, openDecision, say, none) {
  if (decisions.length === 0) return el('p', {class: 'quiet'}, none);
  return el('ul', {class: 'links'}, ...decisions.slice(0, 20).map(decision => el('li', {},
      el('button', {type: 'button', class: 'plain', onclick: () => openDecision(decision)},
          decision.requestId),
      el('span', {class: 'quiet'}, ' ' + clock(decision.timeMillis) + ', ' + say(decision)))));
}
