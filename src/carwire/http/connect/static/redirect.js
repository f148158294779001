// Hands the outcome of Connect to the window that opened this one, and closes. Reads nothing but the query, stores
// nothing, and asks nobody. Anybody can write that query: of its words only the sentences of our own outcomes are shown,
// and where the way back leads stands beside it.
"use strict";
(() => {
  const sentences = new Map(Object.entries({
    access_denied: "User denied access to application.",
    vehicle_incompatible: "The user's vehicle is not compatible.",
    invalid_subscription: "User does not have an active connected vehicle subscription.",
    no_vehicles: "No vehicles found. Please add vehicles to your account and try again.",
    user_manually_returned_to_application: "The user exited Connect before granting your application access",
    configuration_error: "There has been an error in the configuration of your application.",
    server_error: "Unexpected server error. Please try again.",
    battery_capacity_no_selection: "user did not know battery capacity",
  }));
  const query = new URLSearchParams(location.search);
  history.replaceState(null, "", location.pathname);

  const outcome = document.getElementById("outcome");
  const result = document.getElementById("result");
  const error = query.get("error");
  const connected = !error && ["code", "user_id", "vehicle_id"].some((name) => query.has(name));
  result.textContent = connected ? outcome.dataset.connected : outcome.dataset.failed;
  if (sentences.has(error)) {
    const reason = document.createElement("p");
    reason.lang = "en";
    reason.className = "soft";
    reason.textContent = sentences.get(error);
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
    const place = document.createElement("p");
    place.className = "soft";
    place.id = "place";
    place.textContent = new URL(target).host;
    outcome.append(place, back);
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
