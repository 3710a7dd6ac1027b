'use strict';
// Shows what /api answers. All of it is other people's data: it is set as text, never as HTML. Times are UTC, as in the operator's own messages.
const EVERY = 2000;
const ACTIONS = ['Approve', 'Promote', 'Abort'];
const $ = id => document.getElementById(id);
const secret = takeSecret();
let shown = null; // The view that is on the page, with the candidate that the buttons are about.
let key = null;
let asked = 0;

// The secret is taken from the address at once, so that no bookmark and no screenshot keeps it.
function takeSecret() {
  const found = /^#token=([0-9a-f]+)$/.exec(location.hash);
  if (found) {
    sessionStorage.setItem('token', found[1]);
    history.replaceState(null, '', '/#/');
  }
  return sessionStorage.getItem('token') ?? '';
}

async function call(path, body) {
  const response = await fetch(`/api/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization: `Bearer ${secret}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await response.json();
  if (!response.ok)
    throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer;
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(c => c !== null && c !== undefined));
  return element;
}

const text = (tag, className, textContent) => make(tag, { className, textContent });

// Replaces what is in an element only where it changed: focus and opened details stay. A link that is made anew keeps the focus.
function fill(id, data, render) {
  const element = $(id), state = JSON.stringify(data ?? null);
  if (element.dataset.shown === state)
    return;
  element.dataset.shown = state;
  const focused = element.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  element.replaceChildren(...[render(data)].flat().filter(c => c !== null && c !== undefined));
  if (focused)
    [...element.querySelectorAll('a')].find(a => a.getAttribute('href') === focused)?.focus({ preventScroll: true });
}

const GOOD = ['Healthy', 'Pass', 'Promoted', 'Applied'], BAD = ['Degraded', 'Fail', 'Reverted', 'Refused'];
const judged = word => GOOD.includes(word) ? 'good' : BAD.includes(word) ? 'bad' : 'wait';
const verdict = word => text('span', `verdict ${judged(word)}`, word ?? 'Running');
const clock = time => time ? time.slice(11, 19) : '';
const day = time => time ? `${time.slice(0, 10)} ${time.slice(11, 16)}` : '';
const cell = c => c instanceof HTMLTableCellElement ? c : make('td', {}, c ?? '–');
const prose = (...children) => make('td', { className: 'text' }, ...children);
const number = value => text('td', 'number', value ?? '–');
const row = cells => make('tr', {}, ...cells.map(cell));
const grid = (heads, rows) => [make('thead', {}, make('tr', {}, ...heads.map(h => text('th', h.endsWith('#') ? 'number' : '', h.replace('#', ''))))), make('tbody', {}, ...rows)];
const table = (className, heads, rows) => make('div', { className: 'scrolls' }, make('table', { className }, ...grid(heads, rows)));

function into(id, heads, data, render) {
  $(id).classList.add('data');
  fill(id, data, all => all?.length ? grid(heads, all.map(render)) : []);
}

function linkTo(deployment, ...children) {
  const path = `${deployment.namespace}/${deployment.name}`, link = make('a', { href: `#/${path}` }, deployment.name, ...children);
  if (path === key)
    link.setAttribute('aria-current', 'page');
  return link;
}

function showList(all) {
  fill('list', { all: all.map(({ since, ...d }) => d), key }, () => all.map(d => make('li', {}, linkTo(d, make('small', {}, `${d.namespace} · `, text('span', judged(d.phase), d.phase), d.weight != null ? ` · ${d.weight}%` : '')))));
  into('overview', ['Name', 'Namespace', 'Phase', 'Stable', 'Candidate', 'Share#', 'Step', 'Why', 'Since'], key ? [] : all, d =>
    row([linkTo(d), d.namespace, verdict(d.phase), d.stable && text('code', '', d.stable), d.candidate && text('code', '', d.candidate), number(d.weight == null ? null : `${d.weight}%`), d.step, d.reason, d.since]));
  $('all-title').textContent = all.length === 0 ? 'There is no LlmDeployment here yet.' : 'LlmDeployments';
}

function showOne(view) {
  shown = view;
  const { deployment, explanation } = view, status = deployment.status ?? {}, { stable, candidate, rollout } = status;
  $('one').hidden = false;
  $('title').textContent = `${deployment.metadata.namespace}/${deployment.metadata.name}`;
  $('phase').textContent = status.phase ?? 'Pending';
  $('phase').className = `chip ${judged(status.phase)}`;
  document.title = `${deployment.metadata.name}: ${status.phase ?? 'Pending'}${candidate ? `, ${candidate.weight}%` : ''}`;
  fill('weights', { s: stable?.weight, c: candidate?.weight }, ({ s, c }) => [['stable', s], ['candidate', c]].filter(([, w]) => w > 0).map(([track, w]) => {
    const part = make('span', { className: `${track}${w < 15 ? ' slim' : w < 40 ? ' short' : ''}` }, text('i', '', `${track} `), `${w}%`);
    part.style.width = `${w}%`;
    return part;
  }));
  $('weights').hidden = !stable;
  $('weights').setAttribute('aria-label', `stable ${stable?.weight ?? 0}%, candidate ${candidate?.weight ?? 0}%`);
  fill('tracks', { stable, candidate }, () => [['stable', stable], ['candidate', candidate]].filter(([, r]) => r).map(([track, r]) => make('div', {},
    text('b', track, track), text('code', '', r.release),
    text('span', '', [r.engine, r.revision ? `${r.model}@${r.revision}` : r.model, r.prompt && `prompt ${r.prompt}`].filter(Boolean).join(' · ')),
    text('small', 'dim', `${r.readyReplicas ?? 0}/${r.replicas ?? 0} ready`))));
  const MARKS = { Done: '✓', Failed: '✕', Current: '●', Pending: '' };
  fill('stages', view.stages, stages => stages.map(s => make('li', { className: s.state.toLowerCase() }, text('span', 'mark', MARKS[s.state]), s.name, text('small', '', s.took ?? ''))));
  $('where').textContent = explanation.where;
  $('because').textContent = [explanation.reason, explanation.because].filter(Boolean).join(': ');
  fill('needs', explanation.needs, needs => needs.map(n => text('li', n.isMet ? 'met' : '', n.now ? `${n.what}: ${n.now}` : n.what)));
  $('next').textContent = [explanation.next && `Then: ${explanation.next}.`, explanation.deadline && explanation.atDeadline && `At ${clock(explanation.deadline)} at the latest: ${explanation.atDeadline}.`].filter(Boolean).join(' ');
  fill('advice', explanation.advice, advice => advice.map(a => text(a.startsWith('kubectl ') ? 'code' : 'span', '', a)));
  for (const action of ACTIONS)
    $(action.toLowerCase()).disabled = !view.actions.includes(action);
  showEvidence(view.series);
  fill('gates', view.runs, gates);
  fill('diff', view.difference, difference);
  fill('timeline', rollout?.timeline, moments => moments?.length ? moments.toReversed().map(m => make('li', {}, make('time', { dateTime: m.time, textContent: clock(m.time) }), text('span', 'share', `${m.weight}%`), text('span', '', `${m.reason}: ${m.message}`))) : []);
  $('timeline').parentElement.hidden = !rollout?.timeline?.length;
  into('history', ['Ended', 'Release', 'Outcome', 'Why', 'Share#', 'Requests#', 'By'], view.history, h =>
    row([day(h.finishedAt), text('code', '', h.release), verdict(h.outcome), h.reason, number(`${h.maxWeight}%`), number(h.requests), h.actor]));
  $('history').closest('section').hidden = !view.history.length;
}

function showEvidence(points) {
  $('no-evidence').hidden = points.length > 0;
  document.querySelector('.plots').hidden = points.length === 0;
  if (points.length === 0)
    plots.clear();
  else
    plots.show(points);
  into('tests', ['Live test', 'Evidence', 'Numbers'], points.at(-1)?.tests, t => {
    const share = Math.max(0, 100 * t.logE / t.logThreshold), filled = make('i');
    filled.style.width = `${Math.min(100, share)}%`;
    return row([plots.nameOf(t.name), make('td', {}, make('span', { className: 'bar' }, filled), `${share.toFixed(0)}%`), prose(t.message)]);
  });
}

function gates(runs) {
  if (!runs.length)
    return text('p', 'dim', 'No gate was run in this rollout.');
  return runs.map(run => make('div', { className: 'gate' },
    make('p', {}, make('b', { textContent: `${run.spec.gate} ` }), verdict(run.status?.verdict), ` ${run.status?.message ?? ''}`),
    run.status?.criteria?.length ? table('data stacks', ['Criterion', 'Verdict', 'Numbers'], run.status.criteria.map(c => row([c.criterion, verdict(c.verdict), prose(c.message)]))) : null,
    run.worstCases?.length ? make('details', {}, make('summary', { textContent: run.worstCases.length === 1 ? 'The case that failed' : `The ${run.worstCases.length} worst cases` }), ...run.worstCases.map(worst)) : null));
}

const worst = one => make('div', { className: 'case' },
  make('div', {}, text('b', '', one.id), ` ${one.metric}: ${one.why}`),
  make('div', { className: 'answers' }, answer('candidate', one.answer), one.baselineAnswer == null ? null : answer('stable', one.baselineAnswer)));
const answer = (track, given) => make('div', {}, text('b', track, track), given ? text('pre', '', given) : text('p', 'dim', 'no answer'));

function difference(diff) {
  if (!diff)
    return text('p', 'dim', 'No release is being tried, or its snapshots may not be read.');
  const fields = [...diff.fields, ...diff.parameters];
  const lines = (title, all) => all.length ? [text('h4', '', title), make('div', { className: 'diff' }, ...all.map(l => text('div', l.sign === '+' ? 'added' : l.sign === '-' ? 'removed' : '', `${l.sign} ${l.text}`)))] : [];
  return [
    fields.length ? table('data', ['Field', 'Stable', 'Candidate'], fields.map(f => row([f.field, prose(f.from ?? '–'), prose(f.to ?? '–')]))) : null,
    ...lines('Engine arguments', diff.arguments),
    ...lines('Prompt', diff.prompt),
    diff.promptProblem ? make('p', { textContent: diff.promptProblem }) : null,
  ];
}

const MEANS = {
  Approve: 'gives the approval that the rollout waits for',
  Promote: 'takes the candidate over: all that is left but gates is skipped',
  Abort: 'takes the candidate off all traffic at once and locks its release',
};

// What is confirmed is about the release that was on the page when the button was pressed; where another one is there by then, the operator refuses.
function confirmAction(action) {
  const { metadata, status } = shown.deployment, path = `${metadata.namespace}/${metadata.name}`, release = status.candidate.release;
  $('dialog-title').textContent = `${action} release ${release}?`;
  $('dialog-text').textContent = `It ${MEANS[action]}. ${path} gives it ${status.candidate.weight}% of its requests now.`;
  $('confirm').textContent = action;
  $('confirm').className = action === 'Abort' ? 'sure danger' : 'sure';
  $('reason').value = '';
  $('form').onsubmit = () => act(path, action, release, $('reason').value);
  $('dialog').showModal();
  $('reason').focus();
}

async function act(path, action, release, reason) {
  const tell = (className, message) => {
    if (path === key)
      Object.assign($('answer'), { className, textContent: message });
  };
  tell('wait', `${action} was asked for; the operator has not answered yet.`);
  try {
    const { status } = await call(`deployments/${path}/actions`, { action, release, reason });
    tell(judged(status?.phase), status?.phase ? `${action} ${status.phase.toLowerCase()}: ${status.message}` : `${action} was asked for.`);
  } catch (error) {
    tell('bad', error.message);
  }
  await look();
}

async function look() {
  const turn = ++asked;
  try {
    const all = await call('deployments');
    const view = key ? await call(`deployments/${key}`) : null;
    if (turn !== asked)
      return;
    showList(all);
    if (view)
      showOne(view);
    $('asof').textContent = `as of ${new Date().toISOString().slice(11, 19)} UTC`;
    $('broken').textContent = '';
  } catch (error) {
    if (turn !== asked)
      return;
    // What is on the page is old now, and says so.
    $('broken').textContent = error instanceof TypeError ? 'kubectl llm dashboard has ended, or does not answer: what is shown is old' : error.message;
  }
}

function go() {
  const path = /^#\/([a-z0-9.-]+\/[a-z0-9.-]+)$/.exec(location.hash);
  if ((path?.[1] ?? null) !== key) {
    key = path?.[1] ?? null;
    shown = null;
    plots.clear();
    $('dialog').close();
    $('answer').textContent = '';
    $('one').hidden = true;
    $('all').hidden = key !== null;
    $('frame').classList.toggle('with-list', key !== null);
    document.title = 'kubectl llm';
    if (key)
      $('main').focus({ preventScroll: true });
  }
  return look();
}

for (const action of ACTIONS)
  $(action.toLowerCase()).onclick = () => confirmAction(action);
$('cancel').onclick = () => $('dialog').close();
$('skip').onclick = event => { event.preventDefault(); $('main').focus(); };
addEventListener('hashchange', go);
go();
(async () => { for (;;) { await new Promise(next => setTimeout(next, EVERY)); if (!document.hidden) await look(); } })();
