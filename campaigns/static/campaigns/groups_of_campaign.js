"use strict";
// Of the groups, only those of the chosen campaign are offered.
django.jQuery((jQuery) => {
  const campaign = jQuery("#id_campaign");
  const group = jQuery("#id_group");
  const { appLabel, modelName, fieldName } = group[0].dataset;

  // What admin/js/autocomplete.js asks for, and of which campaign.
  function question({ term, page }) {
    const named = { app_label: appLabel, model_name: modelName, field_name: fieldName };
    return { term, page, ...named, of_campaign: campaign.val() };
  }

  group.select2({ ajax: { data: question } });
  campaign.on("change", () => group.val(null).trigger("change"));
  jQuery(document).trigger("change"); // the box was made anew, and has to be named anew
});
