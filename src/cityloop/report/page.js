(function () {
  "use strict";
  var radios = { en: document.getElementById("lang-en"), zh: document.getElementById("lang-zh") };
  var doors = {};
  document.querySelectorAll("input[name=for]").forEach(function (door) { doors[door.id.slice(4)] = door; });
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
  function remember(at) {
    var open = Object.keys(doors).filter(function (key) { return key !== "all" && doors[key].checked; })[0];
    var hash = "lang=" + (radios.zh.checked ? "zh" : "en") + (open ? "&for=" + open : "") + (at ? "&at=" + at : "");
    try { history.replaceState(null, "", "#" + hash); } catch (fault) { location.hash = hash; }
  }
  function read() {
    var found = parts();
    if (radios[found.lang]) { show(found.lang); }
    if (doors[found["for"]]) { doors[found["for"]].checked = true; }
    var target = found.at && document.getElementById(found.at);
    if (target) { target.scrollIntoView(); }
    return found;
  }
  Object.keys(radios).forEach(function (lang) {
    radios[lang].addEventListener("change", function () { show(lang); remember(parts().at); });
  });
  Object.keys(doors).forEach(function (key) { doors[key].addEventListener("change", function () { remember(); }); });
  document.querySelectorAll("nav a").forEach(function (link) {
    link.addEventListener("click", function (event) {
      var at = link.getAttribute("href").slice(1);
      event.preventDefault();
      document.getElementById(at).scrollIntoView();
      remember(at);
    });
  });
  window.addEventListener("hashchange", read);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details[data-print]").forEach(function (d) { d.open = true; });
  });
  if (!read().lang && (navigator.language || "").toLowerCase().indexOf("zh") === 0) { show("zh"); }
})();
