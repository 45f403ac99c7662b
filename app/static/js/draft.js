// A form that is kept on the server while somebody types. Without this, its button "Save for later" does the same.
import { $, csrf, later } from "./dom.js";

const WAIT = 900;

export function startDraft(form) {
  const state = $("[data-draft-state]", form);
  let running = null;
  let leaving = false;

  const save = async () => {
    if (leaving) return;
    running?.abort();
    running = new AbortController();
    state.textContent = form.dataset.saving;
    try {
      const headers = { Accept: "application/json", "X-CSRFToken": csrf() };
      const answer = await fetch(form.dataset.draft, { method: "POST", body: new FormData(form), headers, signal: running.signal, redirect: "error" });
      const { message } = await answer.json();
      state.textContent = answer.ok ? form.dataset.saved : message;
    } catch (error) {
      if (error.name !== "AbortError") state.textContent = form.dataset.unsaved;
    }
  };
  const soon = later(save, WAIT);
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", () => { leaving = true; running?.abort(); });
}
