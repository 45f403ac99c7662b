// Charts from the JSON beside each canvas, in the colours of the theme. Without scripts the table below them is all there is.
import { $, $$, app } from "./dom.js";

const made = [];

export async function startCharts() {
  await load(app.chart);
  window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const box of $$("[data-chart]")) { box.hidden = false; made.push(draw(box)); }
  const again = () => { for (const chart of made.splice(0)) { const box = chart.canvas.parentElement; chart.destroy(); made.push(draw(box)); } };
  document.addEventListener("themechange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

const load = (src) => new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = src;
  script.onload = resolve;
  script.onerror = reject;
  document.head.append(script);
});

// Custom properties may hold light-dark(); only a real element gives the colour.
function colours() {
  const read = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  return { text: read("--text"), muted: read("--muted"), line: read("--line"), surface: read("--surface"), series: ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"].map(read) };
}

function draw(box) {
  const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
  const c = colours();
  const round = data.kind === "doughnut";
  const line = data.kind === "line";
  const long = data.kind === "bar" && data.labels.some((label) => label.length > 14);
  const rtl = app.rtl;
  const datasets = data.series.map(([label, numbers], index) => ({
    label, data: numbers,
    backgroundColor: round ? data.labels.map((_, i) => c.series[i % c.series.length]) : c.series[index % c.series.length],
    borderColor: round ? c.surface : c.series[index % c.series.length],
    borderWidth: round ? 3 : line ? 2.5 : 0, borderRadius: round ? 4 : 5, maxBarThickness: 44, tension: .32, pointRadius: line ? 3 : 0, pointHoverRadius: 5, hoverOffset: 4,
  }));
  const scale = { border: { display: false }, ticks: { color: c.muted, precision: 0 }, grid: { color: c.line } };
  const bare = { ...scale, grid: { display: false }, ticks: { ...scale.ticks, maxRotation: line ? 0 : 50, autoSkipPadding: 14 } };
  const behind = (hit) => hit && data.urls?.[hit.datasetIndex]?.[hit.index];
  return new window.Chart($("canvas", box), {
    type: data.kind,
    data: { labels: data.labels, datasets },
    options: {
      indexAxis: long ? "y" : "x", responsive: true, maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 350 },
      color: c.text, locale: document.documentElement.lang,
      cutout: round ? "62%" : undefined,
      scales: round ? {} : { x: { ...(long ? scale : bare), beginAtZero: true, reverse: rtl }, y: { ...(long ? bare : scale), beginAtZero: true, position: rtl ? "right" : "left" } },
      plugins: {
        legend: { display: round || data.series.length > 1, position: round ? (rtl ? "left" : "right") : "bottom", rtl, labels: { color: c.text, usePointStyle: true, pointStyle: "circle", boxWidth: 8, boxHeight: 8, padding: 14 } },
        tooltip: { rtl, backgroundColor: c.text, titleColor: c.surface, bodyColor: c.surface, padding: 10, cornerRadius: 8, boxPadding: 5 },
      },
      onClick: (_, hits) => { const url = behind(hits[0]); if (url) location.assign(url); },
      onHover: (event, hits) => { event.native.target.style.cursor = behind(hits[0]) ? "pointer" : "default"; },
    },
  });
}
