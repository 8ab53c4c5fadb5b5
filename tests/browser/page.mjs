// Uses the page of a running endpoint: node page.mjs CHROMIUM SCREENSHOTS, with a JSON object on standard input that has
// `url` (of the page), `token`, `user` (somebody among many) and `users` (how many there are). Ends with 0 if all is well.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { step, tabTo, visit, withBrowser } from "./browser.mjs";
import { faultsOf } from "./look.mjs";

const [executablePath, screenshots] = process.argv.slice(2);
const { url, token, user, users } = JSON.parse(await text(process.stdin));
const port = new URL(url).port;
const tenant = `${url}scim/v2`;
const bearer = { Authorization: `Bearer ${token}` };
// A name of somebody else that leads to this machine, as after DNS rebinding.
const STRANGE = `http://scim.example.test:${port}/`;

mkdirSync(screenshots, { recursive: true });
const scim = (path, options = {}) => fetch(tenant + path, { ...options, headers: { ...bearer, ...options.headers } });
const send = (method, path, body) =>
  scim(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/scim+json" } });

await withBrowser(executablePath, async (browser, complaints) => {
  /** A fresh visitor whose requests and complaints are watched. */
  const visitor = async (options = {}, allowed = [], statuses = []) => {
    const page = await visit(browser, complaints, options);
    const hosts = [new URL(url).host, ...allowed];
    await page.context().route("**/*", (route) => {
      const { host } = new URL(route.request().url());
      if (hosts.includes(host)) return route.continue();
      complaints.push(`asks another host: ${route.request().url()}`);
      return route.abort();
    });
    page.on("console", (message) => {
      // the browser's own word for an answer that isn't 2xx; the test looks at those itself
      const [, status] = /status of (\d+)/.exec(message.text()) ?? [];
      const expected = [401, 403, 404, ...statuses].includes(Number(status));
      if (["error", "warning"].includes(message.type()) && !expected) complaints.push(`console: ${message.text()}`);
    });
    return page;
  };

  await step("the overview shows how much there is, and nothing moves while it loads", async () => {
    const page = await visitor();
    await page.addInitScript(() => {
      window.moved = 0;
      const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
      new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(url);
    await page.locator("#tiles", { hasText: `${users.toLocaleString("en-US")} users` }).waitFor();
    await page.locator("#call-curl", { hasText: "$SCIMULATE_TOKEN" }).waitFor();
    assert.ok(!(await page.content()).includes(token), "the token stands in the page");
    assert.ok((await page.evaluate(() => window.moved)) < 0.01, "the layout jumps");
    await page.screenshot({ path: join(screenshots, "empty.png") });
    await page.context().close();
  });

  await step("somebody is found while typing", async () => {
    const page = await visitor();
    await page.goto(`${url}page/users`);
    await page.locator("#shown", { hasText: `1–50 of ${users.toLocaleString("en-US")}` }).waitFor();
    await page.locator("#q").pressSequentially(user.userName.slice(0, -4), { delay: 5 });
    await page.locator("#results tbody tr", { hasText: user.displayName }).first().waitFor();
    await page.locator("#shown", { hasText: "of 1" }).waitFor();
    assert.ok(page.url().includes("?q="), "the address can be kept");
    // by a part of the display name, which no index has
    await page.locator("#q").fill(user.displayName.toUpperCase());
    await page.locator("#results tbody tr", { hasText: user.userName }).first().waitFor();
    await page.locator("#results tbody a").first().click();
    await page.locator("h1", { hasText: user.userName }).waitFor();
    await page.locator("#json", { hasText: user.displayName }).waitFor();
    await page.context().close();
  });

  await step("a fault is switched on with the keyboard alone, befalls the next request, and the log shows it", async () => {
    const page = await visitor();
    await page.goto(url);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip", "the first stop skips ahead");
    await tabTo(page, "nav a[href='/page/faults']");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/page/faults");
    await tabTo(page, "#switch-503");
    const outline = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(await outline(), "none", "the focus is seen");
    assert.equal((await scim("/Users?count=1")).status, 200);
    await page.keyboard.press("Space");
    await page.locator("#switch-503[aria-checked=true]").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "switch-503", "the focus stays");
    await page.locator("#said", { hasText: "503 on" }).waitFor({ state: "attached" });
    await page.locator("#badge", { hasText: "1" }).waitFor();

    await tabTo(page, "body *"); // anywhere
    await page.goto(`${url}page/requests`);
    assert.equal((await scim("/Users?filter=userName%20eq%20%22ann%22")).status, 503);
    const row = page.locator("#rows > li").first(); // it came by itself
    await row.filter({ hasText: "503" }).waitFor();
    await row.filter({ hasText: '/Users?filter=userName eq "ann"' }).waitFor();
    await tabTo(page, "#rows summary");
    await page.keyboard.press("Enter");
    await row.locator(".headers summary").first().click();
    await row.locator(".headers td", { hasText: "Bearer [secret]" }).waitFor();
    assert.ok(!(await page.content()).includes(token), "the token stands in the log");
    await row.locator("input[value=raw]").first().check();
    await row.locator("pre.raw", { hasText: '{"schemas"' }).first().waitFor();

    // what is read stays where it is, and what came meanwhile is a click away
    assert.equal((await scim("/Groups")).status, 503);
    await page.locator("#show-new", { hasText: "Show 1 new request" }).waitFor();
    assert.equal(await page.locator("#rows > li").first().getAttribute("data-number"), await row.getAttribute("data-number"));
    await page.locator("#show-new").click();
    await page.locator("#rows > li").first().filter({ hasText: "/Groups" }).waitFor();
    assert.ok(await page.locator("#rows > li:nth-child(2) > details").evaluate((details) => details.open));

    await page.locator("#pause").click();
    await page.locator("#pause[aria-pressed=true]").waitFor();
    await page.goto(`${url}page/faults`);
    await page.locator("#switch-503").click();
    await page.locator("#switch-503[aria-checked=false]").waitFor();
    assert.equal((await scim("/Users?count=1")).status, 200);
    await page.context().close();
  });

  await step("faults are narrowed down, and rules are put in force", async () => {
    const page = await visitor({}, [], [400]);
    await page.goto(`${url}page/faults`);
    await page.locator("#f-text").fill("slow-");
    await page.waitForURL("**/page/faults?q=slow-");
    await page.locator("#fault-503").waitFor({ state: "detached" });
    const shown = await page.locator("[role=switch]").count();
    await page.locator("#switch-slow-600ms").click();
    await page.locator("#switch-slow-600ms[aria-checked=true]").waitFor();
    assert.equal(await page.locator("[role=switch]").count(), shown, "the list stays as it was narrowed down");
    await page.locator("#rule").fill("503:100%,user=nobody-at-all,from=+1h");
    await page.locator("#rule").press("Enter");
    await page.locator("#in-force", { hasText: "503 (waits, befell 0)" }).waitFor();
    assert.equal(await page.locator("#rule").inputValue(), "", "it was taken");
    await page.locator("#rule").fill("503:200%");
    await page.locator("#rule").press("Enter");
    await page.locator("#problem", { hasText: "is a share" }).waitFor();
    assert.equal(await page.locator("#rule").inputValue(), "503:200%", "what is wrong can be mended");
    await page.locator("#switch-all").click();
    await page.locator("#all-off", { hasText: "off" }).waitFor();
    await page.locator("#in-force a").first().waitFor({ state: "detached" });
    await page.context().close();
  });

  await step("hostile names and bodies of any kind are text", async () => {
    const name = `<script>alert(1)</script>"\u202Egnp.exe <img src=x onerror=alert(1)>`;
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    const made = await send("POST", "/Users", { schemas, userName: name, displayName: "שלום ".repeat(80) });
    assert.equal(made.status, 201);
    const { id } = await made.json();
    const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: name, members: [{ value: id }] };
    assert.equal((await send("POST", "/Groups", group)).status, 201);
    const binary = Uint8Array.from({ length: 3000 }, (_, index) => index);
    for (const body of [binary, Buffer.from('{"userName":"Zo\xeb"}', "latin1"), `{"x":"${"y".repeat(200_000)}"}`]) {
      await scim("/Users", { method: "POST", body, headers: { "Content-Type": "application/scim+json" } });
    }
    const gone = await (await send("POST", "/Users", { schemas, userName: "gone@contoso.com" })).json();
    await scim(`/Users/${gone.id}`, { method: "DELETE" });
    const page = await visitor();
    page.on("dialog", (dialog) => complaints.push(`a dialog opens: ${dialog.message()}`));
    for (const path of ["", "page/users?q=script", `page/users/${id}`, "page/groups", "page/requests", "page/requests?q=script"]) {
      await page.goto(url + path);
      await page.locator("main", { hasText: path.includes("requests") ? "POST" : "<script>" }).waitFor();
      assert.equal(await page.locator("main script, main img").count(), 0, path);
    }
    await page.goto(`${url}page/requests?method=POST&status=4xx`);
    for (const summary of await page.locator("#rows > li > details > summary").all()) await summary.click();
    await page.locator("pre.dump", { hasText: "000000  00 01 02 03" }).waitFor();
    await page.locator(".hidden-character", { hasText: "\\xEB" }).first().waitFor();
    await page.locator(".what", { hasText: "the first 64 KiB are kept" }).waitFor();
    await page.context().close();
  });

  await step("it looks right, light and dark, wide and narrow", async () => {
    const first = (await (await scim("/Users?count=1")).json()).Resources[0];
    const group = (await (await scim("/Groups?count=1")).json()).Resources[0];
    const pages = {
      overview: "", users: "page/users", user: `page/users/${first.id}`, groups: "page/groups", group: `page/groups/${group.id}`,
      requests: "page/requests", faults: "page/faults", search: "page/users?q=nobody-like-this",
    };
    for (const colorScheme of ["light", "dark"]) {
      for (const [width, height] of [[1440, 900], [390, 844]]) {
        const page = await visitor({ colorScheme, viewport: { width, height } });
        for (const [name, path] of Object.entries(pages)) {
          await page.goto(url + path);
          if (name === "requests") {
            await page.locator("#rows summary").first().click();
            await page.locator("#rows .exchange").first().waitFor();
          }
          const faults = await page.evaluate(faultsOf);
          assert.deepEqual(faults, [], `${name}, ${colorScheme}, ${width} wide`);
          await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}-${width}.png`) });
        }
        await page.context().close();
      }
    }
  });

  await step("colours are chosen and remembered", async () => {
    const page = await visitor({ colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.goto(url);
    const light = await ground();
    await page.locator("#theme").click();
    await page.locator("#theme", { hasText: "light" }).waitFor();
    await page.locator("#theme").click();
    await page.locator("#theme", { hasText: "dark" }).waitFor();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.goto(`${url}page/users`);
    assert.equal(await ground(), dark);
    await page.context().close();
  });

  await step("without script it is read, and switched", async () => {
    const page = await visitor({ javaScriptEnabled: false });
    await page.goto(`${url}page/users?q=${encodeURIComponent(user.userName)}`);
    await page.locator("#results tbody a").first().click();
    await page.locator("#json", { hasText: user.displayName }).waitFor();
    assert.equal(await page.locator("button.needs-script:visible").count(), 0, "what needs script isn't shown");
    await page.goto(`${url}page/requests`);
    await page.locator("#rows summary").first().click();
    await page.locator("#rows a").first().click();
    await page.locator("h1", { hasText: "Request " }).waitFor();
    await page.goto(`${url}page/faults`);
    for (const position of ["true", "false"]) {
      await page.locator("#switch-slow-600ms").click();
      await page.locator(`#switch-slow-600ms[aria-checked=${position}]`).waitFor();
    }
    await page.context().close();
  });

  await step("other sites neither read, nor frame, nor switch", async () => {
    const tries = [
      `<form id=f method=post action="${url}page/faults/503"><input name=to value=always></form>`,
      `<iframe src="${url}"></iframe><img src="${url}page/icon.svg"><script src="${url}page/page.js"></script>`,
    ];
    const elsewhere = createServer((request, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end(`<!doctype html><title>evil</title>${request.url === "/form" ? tries[0] : tries[1]}`);
    });
    await new Promise((ready) => elsewhere.listen(0, "127.0.0.1", ready));
    try {
      const evil = `evil.example.test:${elsewhere.address().port}`;
      const neighbour = `127.0.0.1:${elsewhere.address().port}`; // same site, other port
      for (const host of [evil, neighbour]) {
        const context = await browser.newContext();
        context.setDefaultTimeout(60_000);
        const page = await context.newPage();
        const answers = [];
        page.on("response", (answer) => answers.push([new URL(answer.url()).host, answer.status()]));
        await page.goto(`http://${host}/`);
        const reads = await page.evaluate(async (target) => {
          const read = (options) => fetch(target, options).then((answer) => `${answer.type} ${answer.status}`, () => "failed");
          return [await read({}), await read({ credentials: "include" }), await read({ mode: "no-cors" })];
        }, `${url}page/users`);
        assert.deepEqual(reads, ["failed", "failed", "failed"], host);
        assert.equal(await page.evaluate(() => document.querySelector("img").naturalWidth), 0, "not even the icon");
        for (const frame of page.frames().slice(1)) assert.ok(!(await frame.content()).includes("Tenant URL"), "framed");
        const own = answers.filter(([asked]) => asked === new URL(url).host);
        assert.ok(own.length > 0 && own.every(([, status]) => status === 403), JSON.stringify(own));
        await page.goto(`http://${host}/form`);
        await page.evaluate(() => document.getElementById("f").submit());
        await page.locator("h1", { hasText: "Refused" }).waitFor();
        assert.equal((await scim("/Users?count=1")).status, 200, "a fault was switched on from elsewhere");
        await context.close();
      }
    } finally {
      elsewhere.close();
    }
  });

  await step("under a name of somebody else it asks for the token, which opens a session", async () => {
    const page = await visitor({}, [new URL(STRANGE).host]);
    const answer = await page.goto(`${STRANGE}page/users`);
    assert.equal(answer.status(), 401);
    assert.ok(!(await page.content()).includes("contoso"), "strangers see somebody");
    assert.deepEqual(await page.evaluate(faultsOf), []);
    await page.screenshot({ path: join(screenshots, "login.png") });
    await page.locator("#token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.locator("[role=alert]", { hasText: "known here" }).waitFor();
    await page.locator("#token").fill(token);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${STRANGE}page/users`);
    await page.locator("#results tbody tr").first().waitFor();
    const cookies = await page.context().cookies();
    assert.ok(cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === "Strict", JSON.stringify(cookies));
    assert.ok(!JSON.stringify(cookies).includes(token) && !page.url().includes(token));
    // a change over plain HTTP, where the browser tells less
    await page.goto(`${STRANGE}page/faults`);
    await page.locator("#switch-slow-600ms").click();
    await page.locator("#switch-slow-600ms[aria-checked=true]").waitFor();
    await page.locator("#switch-all").click();
    await page.locator("#switch-slow-600ms[aria-checked=false]").waitFor();
    await page.locator("button", { hasText: "Sign out" }).click();
    await page.locator("h1", { hasText: "needs a token" }).waitFor();
    await page.context().close();
  });
}, ["--host-resolver-rules=MAP *.example.test 127.0.0.1"]);
