// The form of an admission: the times of another course, and taking an alternative instead of what cannot be had.
import { $, $$, announce, say } from "./dom.js";

export function startAdmission() {
  const form = $("form[data-admission]");
  const box = $("[data-slots]", form);
  const course = $("[name=course_id]", form);
  const ticked = () => $$("input[name=slots]:checked", box).map((one) => one.value);

  const show = async () => {
    const url = new URL(form.dataset.admission, location.href);
    url.searchParams.set("course_id", course.value);
    for (const value of ticked()) url.searchParams.append("slots", value);
    const answer = await fetch(url, { headers: { "X-Fragment": "1" } });
    if (!answer.ok) { announce(say("failed")); return; }
    box.innerHTML = await answer.text();
  };
  form.addEventListener("change", (event) => {
    if (event.target.closest("[data-combo]")?.dataset.name === "course_id" || event.target === course) show();
    const instead = event.target.dataset.instead;
    if (!instead) return;
    for (const one of $$("input[name=slots]", box)) {
      if (one.value === instead) one.checked = !event.target.checked;
      if (one.value === event.target.value) one.checked = event.target.checked;
    }
  });
}
