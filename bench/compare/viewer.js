// A person who looks at the live view: node bench/compare/viewer.js http://127.0.0.1:9901/ui [path of Chromium]
// The driver is the tests' own (Microsoft.Playwright), so that nothing has to be installed.
const path = require("path");
const { chromium } = require(path.join(__dirname, "../../tests/Interop.Tests/bin/Debug/net10.0/.playwright/package"));

(async () => {
  const browser = await chromium.launch({
    executablePath: process.argv[3] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"],
  });
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  for (;;) {
    try {
      await page.goto(process.argv[2]);
      break;
    } catch {
      await new Promise((again) => setTimeout(again, 500));
    }
  }
  console.log(`looking at ${process.argv[2]}`);
})();
