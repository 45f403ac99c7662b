// The search in the top bar: suggestions while typing; Enter without a choice opens the page with all results.
import { $, json, later, say } from "./dom.js";
import { Options } from "./combobox.js";

export function startSuggest() {
  const form = $("[data-suggest]");
  if (!form) return;
  const input = $("input", form);
  const options = new Options(input, $(".options", form), (item) => location.assign(item.url));
  let asked = null;
  const ask = later(async () => {
    const q = input.value.trim();
    asked?.abort();
    if (q.length < 2) return options.hide();
    asked = new AbortController();
    const url = new URL(form.action);
    url.searchParams.set("q", q);
    const { ok, data } = await json(url, { signal: asked.signal });
    if (!ok || document.activeElement !== input) return;
    const rows = (Array.isArray(data) ? data : data.results ?? []).map((row) => ({ text: row.title, detail: row.detail, group: row.group, item: row }));
    if (rows.length) rows.push({ text: `${say("all")} “${q}”`, item: { url: url.href } });
    options.show(rows, rows.length ? "" : say("none"));
  }, 160);
  input.addEventListener("input", ask);
  input.addEventListener("focus", () => { if (input.value.trim().length > 1) ask(); });
  input.addEventListener("blur", () => options.hide());
  input.addEventListener("keydown", (event) => {
    if (options.key(event)) return;
    if (event.key === "Escape") input.blur();
    if (event.key === "ArrowDown") ask();
  });
  form.addEventListener("submit", (event) => { if (!input.value.trim()) event.preventDefault(); });
}
