// The live page: hears the stream, keeps what is shown, opens decisions and pods.

import {hitChart, History, quantile, ttftChart} from './charts.js';
import {decisionDetail} from './decision.js';
import {Flow} from './flow.js';
import {podDetail, Pods, spoken} from './pods.js';
import {watchQuality} from './quality.js';
import {count, el, outcome, percent, shortName, time, timeParts} from './text.js';

const ROWS = 40;
const KNOWN = 4096; // decisions kept, to be told apart from new ones when they come again
const BATCH = 100; // milliseconds between two batches of the stream
const $ = id => document.getElementById(id);

const history = new History();
const known = new Map();
const newest = [];
const lists = {model: new Set(), tenant: new Set()};
let source = null;
let paused = false;
let podList = [];
let rowsStale = false;

const pods = new Pods($('pods'), address => go(`pod=${encodeURIComponent(address)}`), point);
const flow = new Flow($('lines'), $('pods'));

// ---- the stream ----

function query() {
  const wanted = new URLSearchParams();
  for (const name of ['model', 'tenant', 'outcome']) if ($(name).value) wanted.set(name, $(name).value);
  return wanted;
}

function listen() {
  source?.close();
  source = null;
  if (paused || document.hidden) {
    link(paused ? 'paused' : 'away');
    return;
  }
  link('opening');
  source = new EventSource('/debug/decisions/stream?' + query());
  source.onopen = () => link('live');
  source.onerror = () => link('lost');
  source.addEventListener('pods', event => showPods(JSON.parse(event.data)));
  source.addEventListener('decisions', event => take(JSON.parse(event.data)));
}

function link(state) {
  $('link').dataset.state = state;
  $('linkText').textContent =
      {live: 'live', opening: 'opening', paused: 'paused', away: 'away', lost: 'gateway is away'}[state];
}

function showPods(list) {
  podList = list;
  if (pods.update(list)) flow.measure();
  const states = {};
  for (const pod of list) states[pod.state] = (states[pod.state] || 0) + 1;
  $('stageSummary').textContent = list.length === 0 ? 'none is known yet'
    : Object.entries(states).map(([state, n]) => `${n} ${state}`).join(', ');
  for (const pod of list) pod.models.forEach(model => option('model', model));
}

function take(batch) {
  history.made(batch.made);
  sampled(batch);
  const fresh = batch.decisions.filter(decision => !known.has(key(decision)));
  const late = batch.decisions.filter(decision => known.has(key(decision)));
  fresh.forEach((decision, i) => {
    remember(decision);
    newest.unshift(decision);
    flow.land(decision, (i * BATCH) / fresh.length);
    if (decision.tenant) option('tenant', decision.tenant);
    if (decision.ended) end(decision);
  });
  for (const decision of late) {
    const before = known.get(key(decision));
    const news = decision.ended && !before.ended;
    Object.assign(before, decision);
    if (news) end(decision);
  }
  if (newest.length > 4 * ROWS) newest.length = 4 * ROWS;
  rowsStale = true;
}

const key = decision => decision.pool + ' ' + decision.id;

function remember(decision) {
  known.set(key(decision), decision);
  if (known.size > KNOWN) known.delete(known.keys().next().value);
}

function end(decision) {
  history.ended(decision);
  if (decision.failure && decision.answeredBy) flow.fail(decision.answeredBy);
}

let factor = 1;
function sampled(batch) {
  if (batch.shown > 0) factor += (batch.matched / batch.shown - factor) * 0.2;
  const of = factor >= 1.5 ? `One of ${Math.round(factor)} decisions is shown` : '';
  if ($('sampling').textContent !== of) $('sampling').textContent = of;
}

function option(name, value) {
  if (lists[name].has(value) || lists[name].size >= 200) return;
  lists[name].add(value);
  $(name).append(el('option', {value}, value));
}

// ---- the list ----

function showRows() {
  const box = $('list');
  const held = box.matches(':hover') || box.contains(document.activeElement);
  $('held').textContent = paused ? 'paused' : held && newest.length ? 'held while you read' : '';
  if (!rowsStale || (held && $('rows').children.length > 0)) return;
  rowsStale = false;
  $('empty').hidden = newest.length > 0;
  $('rows').replaceChildren(...newest.slice(0, ROWS).map(row));
}

function row(decision) {
  const held = decision.promptTokens > 0 ? (decision.predictedCachedTokens ?? 0) / decision.promptTokens : 0;
  const fill = el('span', {class: 'fill hit'});
  fill.style.width = percent(Math.min(1, held)).replace(/\s/g, '');
  const where = [decision.prefillEndpoint, decision.endpoint ?? 'none'].filter(Boolean).map(nameOf).join(' → ');
  return el('tr', {},
      el('th', {scope: 'row'}, el('button', {type: 'button', class: 'plain', onclick: () => openDecision(decision)},
          decision.requestId)),
      el('td', {}, where),
      el('td', {class: 'num'}, count(decision.promptTokens)),
      el('td', {}, el('span', {class: 'share'}, el('span', {class: 'track'}, fill),
          el('span', {class: 'value'}, percent(held)))),
      el('td', {class: 'num'}, decision.predictedTtft === undefined ? '–' : time(decision.predictedTtft)),
      el('td', {class: 'num'}, decision.ttft === undefined ? '–' : time(decision.ttft)),
      el('td', {}, el('span', {class: 'chip', 'data-outcome': decision.outcome}, outcome(decision.outcome)),
          decision.attempts > (decision.prefillEndpoint ? 2 : 1) ? el('span', {class: 'quiet'}, ' tried again') : null));
}

/** A pod's short name by its address. */
function nameOf(address) {
  const pod = podList.find(each => each.address === address);
  return pod ? shortName(pod, podList) : address;
}

/** Arrow keys go from row to row, so that Tab need not. */
$('rows').addEventListener('keydown', event => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step) return;
  const buttons = [...$('rows').querySelectorAll('button')];
  const next = buttons[buttons.indexOf(document.activeElement) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

// ---- numbers and charts, twice a second ----

function tick() {
  if (document.hidden) return;
  showRows();
  const lately = history.lately(10);
  const rate = lately.made / Math.min(10, Math.max(1, history.seconds.length - 1));
  $('rate').textContent = rate < 10 ? rate.toFixed(1).replace('.0', '') : count(rate);
  $('hits').textContent = lately.prompt > 0 ? String(Math.round((lately.cached / lately.prompt) * 100)) : '–';
  for (const [id, q] of [['ttft50', 0.5], ['ttft90', 0.9]]) {
    const value = quantile(lately.ttft, q);
    const [number, unit] = value === null ? ['–', 'ms'] : timeParts(value);
    $(id).textContent = number;
    $(id + 'unit').textContent = unit;
  }
  hitChart($('hitChart'), history);
  ttftChart($('ttftChart'), history);
}

function speak() {
  if (document.hidden || podList.length === 0) return;
  $('spoken').textContent =
      `${$('rate').textContent} requests a second, prefix hits ${$('hits').textContent} percent, ${$('stageSummary').textContent}.`;
}

function point(pod) {
  $('readout').textContent = pod ? spoken(pod) : '';
}

// ---- one decision or pod; the address says which, so that it can be sent to others ----

const go = hash => { location.hash = hash; };
const openDecision = decision =>
    go(`decision=${encodeURIComponent(decision.id)}&pool=${encodeURIComponent(decision.pool)}`);
const open = {pod: address => go(`pod=${encodeURIComponent(address)}`), decision: openDecision};

let opener = null;
async function route() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has('decision')) await show(() => decision(wanted.get('decision'), wanted.get('pool')));
  else if (wanted.has('pod')) await show(() => pod(wanted.get('pod')));
  else hide();
}

async function fetchJson(path) {
  const answer = await fetch(path);
  return answer.ok ? answer.json() : null;
}

async function decision(id, pool) {
  const found = await fetchJson(`/debug/decisions/${encodeURIComponent(id)}${pool ? '?pool=' + encodeURIComponent(pool) : ''}`);
  if (!found) return [id, [el('p', {}, 'The gateway does not remember a decision or request of that id. It keeps the newest 2,048 of each pool.')]];
  const asked = await fetchJson(`/debug/decisions?limit=20&request=${encodeURIComponent(found.requestId)}`) ?? [];
  const siblings = asked.filter(one => one.requestId === found.requestId).reverse().map(one => ({
    id: one.id, pool: one.pool, requestId: one.requestId, endpoint: one.decision.endpoint,
    noEndpoint: one.decision.noEndpoint, failure: one.attempts.findLast(attempt => attempt.failure)?.failure,
  }));
  return [found.requestId, decisionDetail(found, siblings, open)];
}

async function pod(address) {
  const found = await fetchJson(`/debug/endpoints/${encodeURIComponent(address)}`);
  return found ? [found.name, podDetail(found, openDecision)]
    : [address, [el('p', {}, 'The gateway does not know this pod any more.')]];
}

async function show(load) {
  const drawer = $('drawer');
  if (drawer.hidden) opener = document.activeElement;
  const [title, content] = await load();
  $('drawerTitle').textContent = title;
  $('drawerBody').replaceChildren(...content.filter(Boolean));
  $('shade').hidden = drawer.hidden = false;
  document.body.dataset.open = 'true';
  for (const part of ['header', 'main', 'form']) document.querySelector(part).inert = true;
  drawer.scrollTop = 0;
  drawer.focus();
}

function hide() {
  if ($('drawer').hidden) return;
  $('shade').hidden = $('drawer').hidden = true;
  delete document.body.dataset.open;
  for (const part of ['header', 'main', 'form']) document.querySelector(part).inert = false;
  (opener?.isConnected ? opener : $('list')).focus();
}

const close = () => go('');
$('close').addEventListener('click', close);
$('shade').addEventListener('click', close);
addEventListener('hashchange', route);

// ---- what people set ----

$('filters').addEventListener('submit', event => event.preventDefault());
$('find').addEventListener('keydown', event => {
  const id = $('find').value.trim();
  if (event.key === 'Enter' && id) {
    event.preventDefault();
    go('decision=' + encodeURIComponent(id));
  }
});
for (const name of ['model', 'tenant', 'outcome']) {
  $(name).addEventListener('change', () => {
    newest.length = 0;
    known.clear();
    $('rows').replaceChildren();
    rowsStale = true;
    factor = 1;
    listen();
  });
}

function pause(now) {
  paused = now;
  $('pause').setAttribute('aria-pressed', String(paused));
  $('pause').textContent = paused ? 'Go on' : 'Pause';
  listen();
}
$('pause').addEventListener('click', () => pause(!paused));

const THEMES = ['system', 'light', 'dark'];
function theme(name) {
  document.documentElement.dataset.theme = name;
  $('theme').textContent = name[0].toUpperCase() + name.slice(1);
  localStorage.setItem('penstock.theme', name);
  flow.measure();
}
$('theme').addEventListener('click', () =>
    theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => flow.measure());

addEventListener('keydown', event => {
  if (event.key === 'Escape') close();
  if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT/.test(event.target.tagName)) return;
  if (event.key === '/') {
    event.preventDefault();
    $('find').focus();
  } else if (event.key === 'p') {
    pause(!paused);
  }
});
document.addEventListener('visibilitychange', () => {
  listen();
  flow.wake();
});

const saved = localStorage.getItem('penstock.theme');
theme(THEMES.includes(saved) ? saved : 'system');
$('where').textContent = location.host;
listen();
route();
setInterval(tick, 500);
setInterval(speak, 15000);
tick();
watchQuality($('quality'), $('qualityBody'));
