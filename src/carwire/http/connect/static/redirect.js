// Hands the outcome of Connect to the window that opened this one, and closes. Reads nothing but the query, stores
// nothing, and asks nobody.
"use strict";
(() => {
  const query = new URLSearchParams(location.search);
  history.replaceState(null, "", location.pathname);

  const outcome = document.getElementById("outcome");
  const result = document.getElementById("result");
  const error = query.get("error");
  const connected = !error && ["code", "user_id", "vehicle_id"].some((name) => query.has(name));
  result.textContent = connected ? outcome.dataset.connected : outcome.dataset.failed;
  if (error) {
    const reason = document.createElement("p");
    reason.lang = "en";
    reason.className = "soft";
    reason.textContent = (query.get("error_description") || error).slice(0, 300);
    result.after(reason);
  }

  const target = webOrigin(query.get("app_origin"));
  if (!target) return;
  if (window.opener) {
    window.opener.postMessage(message(query), target);
    window.close();
  }
  if (query.has("app_origin")) {
    const back = document.createElement("a");
    back.className = "button";
    back.href = target;
    back.textContent = outcome.dataset.back;
    outcome.append(back);
  }

  // The origin to post to: this page's own unless one is named; null when that is no web origin.
  function webOrigin(named) {
    if (named === null) return location.origin;
    try {
      const url = new URL(named);
      return url.protocol === "https:" || url.protocol === "http:" ? url.origin : null;
    } catch {
      return null;
    }
  }

  function message(query) {
    const told = {
      name: "SmartcarAuthMessage",
      isSmartcarHosted: false,
      code: query.get("code"),
      error: query.get("error"),
      errorDescription: query.get("error_description"),
      state: query.get("state"),
      vin: query.get("vin"),
      make: query.get("make"),
      model: query.get("model"),
      year: query.get("year"),
      virtualKeyUrl: query.get("virtual_key_url"),
      userId: query.get("user_id"),
    };
    if (query.has("external_id")) told.externalId = query.get("external_id");
    return told;
  }
})();
