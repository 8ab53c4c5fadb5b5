// Uses pages that were written to files: node reports.mjs CHROMIUM SCREENSHOTS, with a JSON object on standard input that
// has `few` and `many`, plans of 30 and of 1,500 users, and `user`, one of those of whom nothing but a row stands in `many`
// as it is. Ends with 0 if all is well.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { looksRight, readerOf, rows, shown, step, tabTo, withBrowser } from "./browser.mjs";

const [executablePath, screenshots] = process.argv.slice(2);
const { few, many, user } = JSON.parse(await text(process.stdin));
const [ofFew, ofMany] = [few, many].map((file) => pathToFileURL(file).href);

mkdirSync(screenshots, { recursive: true });
await withBrowser(executablePath, async (browser, complaints) => {
  const reader = readerOf(browser, complaints, [ofFew, ofMany]);

  await step("chips and words narrow the list down with the keyboard, and the address keeps it", async () => {
    const page = await reader();
    await page.goto(ofMany);
    await shown(page, /^1,500 shown$/);
    await tabTo(page, ".chip input[value=skip]");
    const outline = () => page.evaluate(() => getComputedStyle(document.activeElement.closest(".chip")).outlineStyle);
    assert.notEqual(await outline(), "none", "the focus is seen");
    await page.keyboard.press("Space");
    await shown(page, /^15 of 1,500 shown$/);
    assert.equal(await rows(page), 15);
    assert.equal(new URL(page.url()).hash, "#action=skip");
    await tabTo(page, "input[type=search]");
    await page.keyboard.type("USER100@");
    await shown(page, /^1 of 1,500 shown$/);
    await page.reload();
    await shown(page, /^1 of 1,500 shown$/);
    assert.equal(await page.locator("input[type=search]").inputValue(), "USER100@");
    await page.locator("input[type=search]").fill("nobody like this");
    await page.locator("#nothing:visible").waitFor();
    await page.locator("#clear").click();
    await shown(page, /^1,500 shown$/);
    assert.equal(new URL(page.url()).hash, "");
    // by an id, which isn't seen
    await page.locator("input[type=search]").fill("5f3a0c1e-0000-4000-8000-000000000007");
    await shown(page, /^1 of 1,500 shown$/);
    await page.context().close();
  });

  await step("what is packed is unpacked where it belongs", async () => {
    const page = await reader();
    await page.goto(ofMany);
    await page.locator("input[type=search]").fill(user);
    await shown(page, /^1 of 1,500 shown$/);
    const row = page.locator(".block > li:visible");
    await row.locator("summary").focus();
    await page.keyboard.press("Enter");
    await row.locator(".changes", { hasText: `"${user}"` }).waitFor();
    assert.equal(await row.locator(".inside").count(), 1);
    await row.locator(".exchange summary", { hasText: "POST /Users" }).click();
    assert.ok((await row.locator("pre").textContent()).includes(`"userName": "${user}"`));
    for (const _ of [0, 1]) await row.locator("summary").first().click();
    assert.equal(await row.locator(".inside").count(), 1, "once only");
    await page.locator("#clear").click();
    await page.locator("input[type=search]").fill("user14");
    await page.locator("#open").click();
    await page.waitForFunction(() => [...document.querySelectorAll(".block > li:not([hidden]) > details")].every((it) => it.querySelector(".inside")));
    const right = await page.evaluate(() => [...document.querySelectorAll(".block > li:not([hidden])")].every((it) => it.querySelector(".inside").textContent.includes(it.dataset.ids.split(" ")[0])));
    assert.ok(right, "each has its own");
    await page.context().close();
  });

  await step("a rule leads to those whom it decided, and a name to its row", async () => {
    const page = await reader();
    await page.goto(ofMany);
    const rule = page.locator(".rules > li", { hasText: "accountEnabled is false" });
    await rule.locator(".names a").first().click();
    assert.ok(await page.locator(".block > li:target > details").evaluate((details) => details.open));
    await page.goto(ofFew);
    await page.locator(".rules .names a").first().click();
    assert.ok(await page.locator(".block > li:target .inside").isVisible());
    await page.goto(`${ofMany}#action=skip&reason=accountEnabled+is+false`);
    await shown(page, /^15 of 1,500 shown$/);
    await rule.locator(".names a").nth(1).click();
    assert.match(new URL(page.url()).hash, /^#o-\d+$/);
    await page.locator("#clear").click();
    await page.locator("input[type=search]").fill("user101@");
    await shown(page, /^1 of 1,500 shown$/);
    await rule.locator(".names a").first().click();
    await shown(page, /^1,500 shown$/);
    assert.match(new URL(page.url()).hash, /^#o-\d+$/, "the address of the row stays");
    await page.goto(`${ofMany}#reason=nobody+has+it`);
    await shown(page, /^0 of 1,500 shown$/);
    await page.context().close();
  });

  await step("they look right, light and dark, wide and narrow, and on paper", async () => {
    await looksRight(reader, { few: ofFew, many: ofMany }, (name) => join(screenshots, `plan-${name}.png`));
    const page = await reader();
    await page.goto(ofFew);
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.locator(".block .changes").last().isVisible(), "paper shows what is below the rows");
    assert.ok(!(await page.locator("#filters").isVisible()));
    await page.context().close();
  });

  await step("without script they are read", async () => {
    const page = await reader({ javaScriptEnabled: false });
    await page.goto(ofFew);
    assert.equal(await page.locator(".needs-script:visible").count(), 0, "what needs script isn't shown");
    const created = page.locator(".block > li", { has: page.locator(".outcome.create") }).first();
    await created.locator("summary").first().click();
    await created.locator(".exchange summary").click();
    assert.ok(await created.locator("pre").isVisible());
    await page.goto(ofMany);
    assert.equal(await rows(page), 1500);
    await page.locator(".without-script", { hasText: "scimulate plan --show-requests" }).waitFor();
    const failed = page.locator(".block > li", { has: page.locator(".outcome.fail") }).first();
    await failed.locator("summary").first().click();
    assert.ok(await failed.locator(".inside").isVisible(), "failures stand there as they are");
    await page.context().close();
  });
});
