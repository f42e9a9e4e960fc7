// How soon the next page of connections is there, in Chromium: node bench/compare/pages.js http://127.0.0.1:9901/ui/connections [clicks] [path of Chromium]
// For example beside a gateway with `limits: { connections: 20000 }` and `load idle -p PORT -ca CRT -c 10000 -src 200 -d 1` (bench/compare/load.c), which holds them until it is told to end.
// From the click to the first row of the other page; the first quarter is not counted, since the runtime still compiles what the page uses. The driver is the tests' own (Microsoft.Playwright).
const path = require("path");
const { chromium } = require(path.join(__dirname, "../../tests/Interop.Tests/bin/Debug/net10.0/.playwright/package"));

const pause = 200;
const clicks = Number(process.argv[3] ?? 160);

(async () => {
  const browser = await chromium.launch({
    executablePath: process.argv[4] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"],
  });
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  await page.goto(process.argv[2]);
  await page.waitForSelector("#connections tbody tr");
  await page.waitForTimeout(5000);
  const all = await page.evaluate(
    async ([clicks, pause]) => {
      const panel = document.querySelector("#connections").parentElement;
      const first = () => panel.querySelector("tbody tr a")?.getAttribute("href");
      const times = [];
      for (let click = 0; click < clicks; click++) {
        const before = first();
        const at = performance.now();
        panel.querySelector('[aria-label="Next page"]').click();
        await new Promise((turned) => {
          const seen = new MutationObserver(() => {
            if (first() !== before) {
              seen.disconnect();
              turned();
            }
          });
          seen.observe(panel, { childList: true, subtree: true, characterData: true, attributes: true });
        });
        times.push(performance.now() - at);
        await new Promise((on) => setTimeout(on, pause));
      }
      return times;
    },
    [clicks, pause],
  );
  const sorted = all.slice(all.length >> 2).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  console.log(`${sorted.length} pages: median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms, worst ${at(1)} ms`);
  await browser.close();
})();
