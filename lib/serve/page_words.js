/* Numbers and times in words, counters over time, and the making of elements.
 * Everything that is shown goes in with textContent, so what producers write
 * stays text. */
'use strict';

const byId = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const known = (n) => n !== null && n !== undefined;

const number = (n) => (!known(n) ? '–' : Math.abs(n) < 1e8 ? whole.format(n) : compact.format(n));

function rateText(r) {
	if (r <= 0) return '';
	return (r < 0.095 ? '<0.1' : r < 10 ? r.toFixed(1) : r < 10000 ? number(Math.round(r)) : compact.format(r).replace('K', 'k')) + '/s';
}

function bytes(n) {
	if (!known(n)) return '–';
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
	return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + ' ' + units[i];
}

function span(ms) {
	const s = Math.max(0, Math.round(ms / 1000));
	if (s < 120) return s + ' s';
	if (s < 7200) return Math.round(s / 60) + ' min';
	if (s < 172800) return Math.round(s / 3600) + ' h';
	return Math.round(s / 86400) + ' d';
}

/* Time of day in UTC, with the date unless it is today's. */
function clock(ms, now) {
	const t = new Date(ms);
	if (Number.isNaN(t.getTime())) return '–';
	const iso = t.toISOString();
	return new Date(now).toISOString().slice(0, 10) === iso.slice(0, 10) ? iso.slice(11, 19) : iso.slice(5, 19).replace('T', ' ');
}

const millis = (x) => (x ? (x < 10 ? x.toFixed(1) + ' ms' : x < 10000 ? number(Math.round(x)) + ' ms' : (x / 1000).toFixed(1) + ' s') : '–');
const percent = (x) => (x > 0 && x < 0.001 ? '<0.1' : (100 * x).toFixed(x < 0.0995 ? 1 : 0)) + ' %';

/* ---- counters over time ---- */

const HISTORY = 60; /* samples in a sparkline */
const SMOOTH = 6; /* of them for one point */
const RATE_SPAN_MS = 10000; /* a rate is taken over so long */
const series = new Map(); /* name -> [{at, value}] */

function remember(name, value, at, counts) {
	const samples = series.get(name) || [];
	const last = samples[samples.length - 1];
	if (last && at - last.at < 500) { last.value = value; return samples; } /* too soon for a rate */
	if (last && counts && last.value > value) samples.length = 0; /* restarted */
	samples.push({ at, value });
	if (samples.length > HISTORY + 1) samples.shift();
	series.set(name, samples);
	return samples;
}

function rateOf(samples) {
	const last = samples[samples.length - 1];
	const first = samples.find((x) => last.at - x.at <= RATE_SPAN_MS);
	return last.at > first.at ? ((last.value - first.value) * 1000) / (last.at - first.at) : 0;
}

/* Rates for a sparkline, each over a few samples: what comes now and then is a slope, not a comb. */
function stepsOf(samples) {
	const steps = [];
	for (let i = 1; i < samples.length; i++) {
		const from = samples[Math.max(0, i - SMOOTH)];
		steps.push(((samples[i].value - from.value) * 1000) / Math.max(1, samples[i].at - from.at));
	}
	return steps;
}

/* ---- elements ---- */

const SVG = 'http://www.w3.org/2000/svg';

function make(tag, className, ...children) {
	const e = document.createElement(tag);
	if (className) e.className = className;
	e.append(...children); /* strings become text nodes */
	return e;
}

function draw(tag, className, attributes) {
	const e = document.createElementNS(SVG, tag);
	if (className) e.setAttribute('class', className);
	for (const [name, value] of Object.entries(attributes || {})) e.setAttribute(name, value);
	return e;
}

function put(e, text) {
	if (e.textContent !== text) e.textContent = text;
}

/* A sparkline: {svg, show(values)}. */
function makeSpark() {
	const svg = draw('svg', 'spark', { viewBox: '0 0 ' + (HISTORY - 1) + ' 30', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
	const area = draw('path', 'area');
	const line = draw('path', 'line');
	svg.append(area, line);
	const show = (values) => {
		if (values.length < 2) return;
		const top = Math.max(...values, 1e-9);
		const x = (i) => HISTORY - values.length + i;
		const d = values.map((v, i) => (i ? 'L' : 'M') + x(i) + ' ' + (28.5 - (v / top) * 26).toFixed(2)).join('');
		line.setAttribute('d', d);
		area.setAttribute('d', d + 'L' + x(values.length - 1) + ' 30L' + x(0) + ' 30Z');
	};
	return { svg, show };
}

/* Name and value pairs: [[label, value, class]]. */
function list(id, rows) {
	byId(id).replaceChildren(...rows.map(([label, value, className]) => make('div', className, make('dt', '', label), make('dd', '', value))));
}
