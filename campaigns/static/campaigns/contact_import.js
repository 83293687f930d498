"use strict";
// Keeps the page of a contact import up to date until the import has ended.
{
  const SECOND = 1000;
  const panel = document.getElementById("import-progress");
  let state = panel.dataset.state;

  class OutOfDate extends Error {}

  async function ask(address) {
    const reply = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10 * SECOND) });
    // Signed out, or the import was deleted: asking again would change nothing.
    if (reply.redirected || (reply.status >= 400 && reply.status < 500)) throw new OutOfDate();
    if (!reply.ok) throw new Error(reply.statusText);
    return reply;
  }

  // Another state has other buttons, and at the end there are rows to show, times, and a way to
  // delete it.
  async function renewOutcome() {
    const html = await (await ask(location.href)).text();
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const part of ["import-outcome", "contactimport_form"])
      document.getElementById(part).replaceWith(page.getElementById(part));
  }

  // A sentence that stays the same must not be read out again each second.
  function say(sentence) {
    const place = panel.querySelector(".import-sentence");
    if (place.textContent !== sentence) place.textContent = sentence;
  }

  function show(progress) {
    panel.querySelector("progress").value = progress.percent;
    panel.querySelector("[data-percent]").textContent = `${progress.percent} %`;
    for (const place of panel.querySelectorAll("[data-figure]"))
      place.textContent = progress.figures[place.dataset.figure];
    say(progress.sentence);
    panel.dataset.state = progress.state;
  }

  async function turn() {
    try {
      const progress = await (await ask(panel.dataset.address)).json();
      show(progress);
      if (progress.state !== state) await renewOutcome();
      state = progress.state;
      if (progress.ended) return;
    } catch (error) {
      if (error instanceof OutOfDate) return say("This page is out of date. Reload it.");
      say("The connection is lost. Trying again …");
    }
    setTimeout(turn, SECOND);
  }

  if (!("ended" in panel.dataset)) setTimeout(turn, SECOND);
}
