// Forms: relations, the warning on leaving unsaved, the focus on the first fault, passwords, JSON, one submit at a time.
import { $, $$, say } from "./dom.js";
import { startRelations } from "./relation.js";

export function startForms(root) {
  startRelations(root);
  for (const button of $$("[data-reveal]", root)) reveal(button);
  for (const area of $$("textarea[data-json]", root)) checkJson(area);
  for (const form of $$("form[data-guard]", root)) guard(form);
  for (const form of $$("form[data-login]", root)) login(form);
  for (const form of $$("form[data-send-chosen]", root)) sendChosen(form);
  const bad = $("[aria-invalid=true]", root);
  if (bad) (bad.matches("fieldset") ? $("input", bad) : bad)?.focus();
  else $("[data-problems]", root)?.focus();
}

function reveal(button) {
  const input = $("input", button.parentElement);
  button.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
    $("use", button).setAttribute("href", $("use", button).getAttribute("href").replace(/#.*/, show ? "#eye-off" : "#eye"));
  });
}

function checkJson(area) {
  const check = () => {
    let fault = "";
    if (area.value.trim()) {
      try { area.value = JSON.stringify(JSON.parse(area.value), null, 2); } catch { fault = say("badjson"); }
    }
    area.setCustomValidity(fault);
    if (fault) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  };
  area.addEventListener("change", check);
}

// What a form would send, to tell whether anything differs from the start.
const state = (form) => JSON.stringify([...new FormData(form)].map(([key, value]) => [key, value instanceof File ? value.name + value.size : value]));

// A function that tells whether a form differs from how it is now.
export function changes(form) {
  const first = state(form);
  return () => state(form) !== first;
}

// A page that one goes back to may be fetched anew, with what was typed and another key: it is the form that was sent all the same.
function keepKey(form) {
  const key = form.elements._key;
  if (!key) return;
  const [way] = performance.getEntriesByType("navigation");
  if (way?.type === "back_forward" && history.state?.key) key.value = history.state.key;
  history.replaceState({ key: key.value }, "");
}

function guard(form) {
  keepKey(form);
  const changed = changes(form);
  let leaving = Boolean($("[data-problems]", form)) && "kept";
  const dirty = () => leaving !== true && (leaving === "kept" || changed());
  const mark = () => { const note = $("[data-dirty]", form); if (note) note.hidden = !dirty(); };
  form.addEventListener("input", mark);
  form.addEventListener("change", mark);
  form.addEventListener("submit", (event) => {
    if ([form, event.submitter].some((each) => each?.dataset.dialog !== undefined)) return;
    if (leaving === true) { event.preventDefault(); return; }
    leaving = true;
    event.submitter?.setAttribute("aria-busy", "true");
  });
  for (const link of $$("a[data-leave]", form)) link.addEventListener("click", () => { leaving = true; });
  addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { leaving = false; for (const busy of $$("[aria-busy]", form)) busy.removeAttribute("aria-busy"); } });
}

// With a button each, who chooses three files and presses once has sent one of them.
function sendChosen(form) {
  const input = $("input[type=file]", form);
  $("button", form).hidden = true;
  $("[data-sent-at-once]").hidden = false;
  input.addEventListener("change", () => {
    if (!input.files.length) return;
    form.setAttribute("aria-busy", "true");
    form.requestSubmit();
  });
}

function login(form) {
  for (const button of $$("[data-demo]")) button.addEventListener("click", () => {
    $("#username", form).value = button.dataset.demo;
    $("#password", form).value = button.dataset.password;
    form.requestSubmit();
  });
}
