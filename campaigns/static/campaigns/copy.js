"use strict";
// A button beside each text that is there to be copied (campaigns/admin/contact.py). Where the
// browser gives no clipboard, as on pages without TLS, the text is selected, ready to be copied.
{
  const SAID_FOR_MS = 4000;

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text.textContent);
      return "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      return "Selected: copy it now";
    }
  }

  for (const text of document.querySelectorAll(".to-copy")) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button plain copy", textContent: "Copy" });
    button.setAttribute("aria-label", `Copy the ${text.dataset.what}`);
    const said = document.createElement("span");
    said.className = "copy-said";
    said.setAttribute("role", "status");
    let over;
    button.addEventListener("click", async () => {
      clearTimeout(over);
      said.textContent = await copy(text);
      over = setTimeout(() => (said.textContent = ""), SAID_FOR_MS);
    });
    text.after(button, said);
  }
}
