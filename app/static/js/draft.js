// A form that is kept on the server while somebody types. Without this, its button "Save for later" does the same.
import { $, csrf, later } from "./dom.js";

const WAIT = 900;

export function startDraft(form) {
  const state = $("[data-draft-state]", form);
  let running = null;
  let leaving = false;
  let waiting = null; // stands for what was typed until the server has it

  // `last`: the page goes away, and the request must outlive it.
  const save = async (last = false) => {
    if (leaving || !waiting) return;
    const typed = waiting;
    running?.abort();
    running = new AbortController();
    state.textContent = form.dataset.saving;
    try {
      const headers = { Accept: "application/json", "X-CSRFToken": csrf() };
      const answer = await fetch(form.dataset.draft, { method: "POST", body: new FormData(form), headers, signal: running.signal, redirect: "error", keepalive: last });
      const { message } = await answer.json();
      state.textContent = answer.ok ? form.dataset.saved : message;
      if (answer.ok && waiting === typed) waiting = null;
    } catch (error) {
      if (error.name !== "AbortError") state.textContent = form.dataset.unsaved;
    }
  };
  const soon = later(save, WAIT);
  for (const name of ["input", "change"]) form.addEventListener(name, () => { waiting = {}; soon(); });
  addEventListener("pagehide", () => save(true));
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });
  form.addEventListener("submit", () => { leaving = true; running?.abort(); });
}
