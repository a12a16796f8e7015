(function () {
  "use strict";
  var radios = { en: document.getElementById("lang-en"), zh: document.getElementById("lang-zh") };
  function parts() {
    var out = {};
    location.hash.replace(/^#/, "").split("&").forEach(function (part) {
      var pair = part.split("=");
      if (pair.length === 2) { out[pair[0]] = decodeURIComponent(pair[1]); } else if (part) { out.at = part; }
    });
    return out;
  }
  function show(lang) {
    radios[lang].checked = true;
    document.documentElement.lang = lang === "zh" ? "zh-Hans" : "en";
  }
  function remember(lang, at) {
    try { history.replaceState(null, "", "#lang=" + lang + (at ? "&at=" + at : "")); } catch (fault) { location.hash = "lang=" + lang; }
  }
  function current() { return radios.zh.checked ? "zh" : "en"; }
  function read() {
    var found = parts();
    if (radios[found.lang]) { show(found.lang); }
    var target = found.at && document.getElementById(found.at);
    if (target) { target.scrollIntoView(); }
    return found;
  }
  Object.keys(radios).forEach(function (lang) {
    radios[lang].addEventListener("change", function () { show(lang); remember(lang, parts().at); });
  });
  document.querySelectorAll("nav a").forEach(function (link) {
    link.addEventListener("click", function (event) {
      var at = link.getAttribute("href").slice(1);
      event.preventDefault();
      document.getElementById(at).scrollIntoView();
      remember(current(), at);
    });
  });
  window.addEventListener("hashchange", read);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { if (d.closest("[data-print]")) { d.open = true; } });
  });
  if (!read().lang) { show((navigator.language || "en").toLowerCase().indexOf("zh") === 0 ? "zh" : "en"); }
})();
