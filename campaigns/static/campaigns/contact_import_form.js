"use strict";
// The page that sends a file of contacts: takes a file that is dropped on it, shows what its columns
// are taken for and what would become of its first rows, and how far it is sent. What is said of the
// file comes from the importer.
{
  const SECOND = 1000;
  const form = document.getElementById("contactimport_form");
  const field = form.elements.file;
  const drop = field.closest(".form-row");
  const lookedAt = document.getElementById("looked-at");
  const { address, tooLarge } = lookedAt.dataset;
  const headBytes = Number(lookedAt.dataset.headBytes);
  const zipBytes = Number(lookedAt.dataset.zipBytes);
  const mostBytes = Number(lookedAt.dataset.mostBytes);
  const OUT_OF_DATE = "This page is out of date. Reload it.";
  const chosen = Object.assign(document.createElement("p"), { className: "file-chosen" });
  chosen.setAttribute("role", "status");
  drop.append(chosen);

  const isJson = (contentType) => contentType?.startsWith("application/json");

  function sizeOf(bytes) {
    const units = ["bytes", "KB", "MB", "GB"];
    const power = bytes && Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
    const options = { maximumFractionDigits: power > 1 ? 1 : 0 };
    return `${(bytes / 1024 ** power).toLocaleString("en", options)} ${units[power]}`;
  }

  // -- What is wrong, shown as the form itself shows it -------------------------------------------
  function forgive(name) {
    const row = document.querySelector(`.form-row.field-${name}`);
    row?.classList.remove("errors");
    row?.querySelectorAll("ul.errorlist, [role=alert]").forEach((list) => list.remove());
    form.elements[name]?.removeAttribute("aria-invalid");
  }

  function blame(name, sentences) {
    forgive(name);
    const row = document.querySelector(`.form-row.field-${name}`) ?? drop;
    const list = Object.assign(document.createElement("ul"), { className: "errorlist" });
    const alert = document.createElement("div");
    alert.setAttribute("role", "alert");
    alert.append(list);
    for (const text of sentences) list.append(Object.assign(document.createElement("li"), { textContent: text }));
    row.classList.add("errors");
    row.prepend(alert);
    row.closest("details")?.setAttribute("open", "");
    form.elements[name]?.setAttribute("aria-invalid", "true");
  }

  // -- The file that was chosen -------------------------------------------------------------------
  let asking = new AbortController();

  function refuse(sentences) {
    hideRows();
    field.setCustomValidity(sentences.join(" "));
    blame("file", sentences);
  }

  function hideRows() {
    lookedAt.hidden = true;
    lookedAt.replaceChildren();
  }

  // Of a file that is longer, its beginning; of a zip all, as it is read from its end. `null` of one
  // that is too long for that.
  async function partOf(file) {
    const mark = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const isZip = mark[0] === 0x50 && mark[1] === 0x4b;
    if (isZip) return file.size <= zipBytes ? file : null;
    return file.slice(0, headBytes);
  }

  async function look() {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const file = field.files[0];
    field.setCustomValidity("");
    forgive("file");
    chosen.textContent = file ? `${file.name}, ${sizeOf(file.size)}` : "";
    if (!file) return hideRows();
    if (file.size > mostBytes) return refuse([tooLarge]);
    lookedAt.setAttribute("aria-busy", "true");
    try {
      const told = await ask(file, signal);
      if (!signal.aborted) told();
    } catch {
      if (signal.aborted) return;
      hideRows();
      chosen.textContent += ". Its first rows can’t be shown: it can’t be read, or the connection is lost.";
    }
    if (!signal.aborted) lookedAt.removeAttribute("aria-busy");
  }

  // What is to be done about the answer.
  async function ask(file, signal) {
    const part = await partOf(file);
    if (!part) return () => sayOnly("Its first rows are not shown: a zip as large as this is looked at when it is sent.");
    const body = new FormData(form);
    body.set("file", part, file.name);
    if (part.size < file.size) body.set("cut", "on");
    const reply = await fetch(address, { method: "POST", body, signal });
    if (reply.redirected || [401, 403, 404].includes(reply.status)) return () => sayOnly(OUT_OF_DATE);
    if (!reply.ok) throw new Error(reply.statusText);
    if (isJson(reply.headers.get("Content-Type"))) {
      const { errors } = await reply.json();
      return () => refuse(errors.file);
    }
    const html = await reply.text();
    return () => show(html);
  }

  function sayOnly(sentence) {
    hideRows();
    chosen.textContent += `. ${sentence}`;
  }

  function show(html) {
    const { body } = new DOMParser().parseFromString(html, "text/html");
    const sentence = body.querySelector("[data-sentence]")?.textContent;
    lookedAt.replaceChildren(...body.childNodes);
    lookedAt.hidden = false;
    if (sentence) chosen.textContent += `. ${sentence}`;
  }

  field.addEventListener("change", look);
  // The boxes for campaign and group tell of a change by jQuery alone.
  django.jQuery(form).on("change", "input, select", ({ target }) => {
    if (target === field) return;
    forgive(target.name);
    if (field.files[0] && !field.validity.customError) look();
  });
  if (field.files[0]) look(); // the browser has kept it, as after going back

  // -- Dropping -----------------------------------------------------------------------------------
  const brings = (event) => event.dataTransfer?.types.includes("Files");
  let within = 0;

  function mark(change) {
    within = change ? within + change : 0;
    drop.classList.toggle("dropping", within > 0);
  }

  drop.addEventListener("dragenter", (event) => brings(event) && mark(1));
  drop.addEventListener("dragleave", (event) => brings(event) && mark(-1));
  // Anywhere else on the page it would be opened, and the page be lost.
  addEventListener("dragover", (event) => brings(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    mark(0);
    const { files } = event.dataTransfer;
    if (!drop.contains(event.target) || !files.length || sending) return;
    if (files.length > 1) return blame("file", ["Drop one file at a time."]);
    field.files = files;
    look();
  });

  // -- Sending ------------------------------------------------------------------------------------
  const panel = document.getElementById("sending");
  const bar = panel.querySelector("progress");
  const how = panel.querySelector("[role=status]");
  const buttons = form.querySelectorAll("[type=submit]");
  let sending = null, showing = 0;

  function over() {
    clearTimeout(showing);
    sending = null;
    panel.hidden = true;
    bar.value = 0;
    how.textContent = "";
    for (const button of buttons) button.disabled = false;
  }

  function sendNow(data) {
    sending = new XMLHttpRequest();
    sending.open("POST", location.href);
    sending.setRequestHeader("Accept", "application/json");
    sending.upload.addEventListener("progress", progress);
    sending.addEventListener("load", answered);
    sending.addEventListener("error", () => failed("The connection was lost, and nothing was stored. Send it again."));
    sending.addEventListener("abort", over);
    for (const button of buttons) button.disabled = true;
    how.textContent = "Sending …";
    showing = setTimeout(() => (panel.hidden = false), SECOND);
    sending.send(data);
  }

  // Said by tenths: it is read out each time.
  function progress({ loaded, total }) {
    bar.value = loaded / total;
    const tenths = Math.floor((10 * loaded) / total);
    const text = loaded < total ? `Sending: ${10 * tenths} % of ${sizeOf(total)}` : "Sent. It is being stored …";
    if (how.textContent !== text) how.textContent = text;
  }

  function answered() {
    const { responseText } = sending;
    if (!isJson(sending.getResponseHeader("Content-Type"))) {
      const page = new DOMParser().parseFromString(responseText, "text/html");
      return failed(page.querySelector(".messagelist .error, #content h1 + p")?.textContent ?? OUT_OF_DATE);
    }
    const { page, errors } = JSON.parse(responseText);
    if (page) return location.assign(page);
    over();
    for (const [name, sentences] of Object.entries(errors)) blame(name, sentences);
    form.querySelector("[aria-invalid=true]")?.focus();
  }

  function failed(sentence) {
    over();
    blame("file", [sentence]);
    field.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) return;
    if (field.validity.customError) return field.focus();
    const data = new FormData(form);
    if (event.submitter?.name) data.append(event.submitter.name, event.submitter.value);
    sendNow(data);
  });
  panel.querySelector("button").addEventListener("click", () => sending.abort());
  addEventListener("pageshow", (event) => event.persisted && over());
}
