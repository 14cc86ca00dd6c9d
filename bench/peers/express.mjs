// Express and ioredis: verify, SET NX, XADD, and only then the answer.
// Auto-pipelining is on, as ioredis recommends it for throughput: commands of one turn of the loop share a write.
import { createHmac, timingSafeEqual } from "node:crypto";
import express from "express";
import { Redis } from "ioredis";

const SECRET = process.env.SECRET;
const KEPT_SECONDS = 7 * 86_400;
const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });
const app = express().disable("x-powered-by").disable("etag");

app.post("/webhooks/salesloft", express.raw({ type: () => true, limit: "1mb" }), async (request, response) => {
  const sentAt = request.get("x-salesloft-timestamp") ?? "";
  const given = Buffer.from(request.get("x-salesloft-signature") ?? "", "hex");
  const expected = createHmac("sha256", SECRET).update(`${sentAt}.`).update(request.body).digest();
  const fresh = Math.abs(Date.now() / 1000 - Number(sentAt)) < 300;
  if (!fresh || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return response.status(401).json({ error: "signature" });
  }
  const event = JSON.parse(request.body);
  if ((await redis.set(`event:${event.event_id}`, 1, "EX", KEPT_SECONDS, "NX")) === null) {
    return response.json({ status: "already_processed" });
  }
  const data = JSON.stringify(event.data);
  await redis.xadd("events", "*", "id", event.event_id, "type", event.event_type, "body", data);
  response.json({ received: true });
});

app.listen(Number(process.env.PORT), "127.0.0.1");
