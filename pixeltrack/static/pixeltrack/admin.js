"use strict";
// The boxes in which one searches for a related row are made by a script that names them after what
// is chosen: for screen readers they were nameless until then. They get the names of their fields.
{
  function nameBoxes() {
    for (const field of document.querySelectorAll("select.admin-autocomplete")) {
      const box = field.nextElementSibling;
      const name = field.getAttribute("aria-label") || field.labels[0]?.textContent.replace(/:\s*$/, "").trim();
      if (!name || !box?.matches(".select2-container")) continue;
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
        part.setAttribute("aria-label", part.matches("[role=combobox]") ? `${name}: ${box.textContent.trim()}` : name);
        part.removeAttribute("aria-labelledby");
      }
    }
  }
  // By jQuery, as those boxes are made by it: what was asked for later comes later.
  window.django?.jQuery?.((jQuery) => {
    nameBoxes();
    jQuery(document).on("change formset:added", () => setTimeout(nameBoxes));
  });
}
