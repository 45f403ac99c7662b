// The progress of a long job: asks its address until it is done, then loads the page anew.
import { $, json } from "./dom.js";

export function startProgress() {
  const box = $("[data-progress]");
  const bar = $("progress", box);
  const text = $("[data-progress-text]", box);
  const first = box.dataset.state;
  let wait = 700;
  const ask = async () => {
    const { ok, data } = await json(box.dataset.progress);
    if (ok) {
      wait = 700;
      const counted = typeof data.percent === "number";
      if (counted) { bar.value = data.percent; $("[data-percent]", box).textContent = `${Math.round(data.percent)} %`; }
      if (data.message && text.textContent !== data.message) text.textContent = data.message;
      const counts = $("[data-progress-counts]", box);
      if (counted && data.total) counts.textContent = `${Number(data.done).toLocaleString(document.documentElement.lang)} / ${Number(data.total).toLocaleString(document.documentElement.lang)}`;
      if (data.reload || (data.state && data.state !== first && !["queued", "running", "undoing"].includes(data.state))) return location.reload();
    } else wait = Math.min(wait * 2, 10000);
    setTimeout(ask, document.hidden ? Math.max(wait, 3000) : wait);
    return undefined;
  };
  setTimeout(ask, wait);
}
