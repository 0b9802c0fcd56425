// The search of the theme runs in a worker. A browser starts none for a page that was
// opened from the disk: there, this class runs the script in a hidden frame instead.
"use strict";

if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      const page = this.inside.document;
      page.open();
      page.write("<!doctype html><title>search</title><body>");
      page.close();
      this.inside.postMessage = data =>
        this.dispatchEvent(new MessageEvent("message", {data}));
      const script = page.createElement("script");
      script.src = url;
      this.ready = new Promise(done => script.addEventListener("load", done));
      page.body.append(script);
    }

    postMessage(data) {
      this.ready.then(() =>
        this.inside.dispatchEvent(new MessageEvent("message", {data}))
      );
    }
  };
}
