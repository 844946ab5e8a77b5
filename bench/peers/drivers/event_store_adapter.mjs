// event-store-adapter-js: an aggregate and a repository, as in the README.
// With the argument "snapshots", the repository stores a snapshot with each event, which the README has as well.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import adapter from "event-store-adapter-js";

import { serve } from "./driver.mjs";

const snapshots = process.argv[2] === "snapshots";

class AccountId {
  typeName = "Account";
  constructor(value) {
    this.value = value;
  }
  asString() {
    return `${this.typeName}-${this.value}`;
  }
}

class Entered {
  typeName = "Entered";
  constructor(id, aggregateId, sequenceNumber, occurredAt, payload, metadata) {
    Object.assign(this, { id, aggregateId, sequenceNumber, occurredAt, payload, metadata });
  }
  get isCreated() {
    return this.sequenceNumber === 1;
  }
}

class Account {
  typeName = "Account";
  constructor(id, sequenceNumber, version, balance, entries, last) {
    Object.assign(this, { id, sequenceNumber, version, balance, entries, last });
  }
  withVersion(version) {
    return new Account(this.id, this.sequenceNumber, version, this.balance, this.entries, this.last);
  }
  updateVersion(version) {
    return this.withVersion(version(this.version));
  }
  applied(event) {
    const { id, version, balance, entries } = this;
    return new Account(id, event.sequenceNumber, version, balance + event.payload.Amount, entries + 1, event.id);
  }
  static before(id) {
    return new Account(id, 0, 1, 0, 0, "");
  }
  static replay(events, account) {
    return events.reduce((before, event) => before.applied(event), account);
  }
}

const toId = (json) => new AccountId(json.value);
const toEvent = ({ data }) =>
  new Entered(
    data.id,
    toId(data.aggregateId),
    data.sequenceNumber,
    new Date(data.occurredAt),
    data.payload,
    data.metadata,
  );
const toAccount = ({ data }) =>
  new Account(toId(data.id), data.sequenceNumber, data.version, data.balance, data.entries, data.last);

const store = adapter.EventStoreFactory.ofDynamoDB(
  new DynamoDBClient({}),
  "journal",
  "snapshot",
  "journal-aid-index",
  "snapshots-aid-index",
  32,
  toEvent,
  toAccount,
);

async function find(id) {
  const snapshot = await store.getLatestSnapshotById(id);
  if (snapshot === undefined) return undefined;
  const events = await store.getEventsByIdSinceSequenceNumber(id, snapshot.sequenceNumber + 1);
  return Account.replay(events, snapshot);
}

async function append(account, event) {
  const entered = new Entered(
    event.EventId,
    account.id,
    account.sequenceNumber + 1,
    new Date(event.EventTime),
    event.Payload,
    {
      CorrelationId: event.CorrelationId,
      UserId: event.UserId,
      IpAddress: event.IpAddress,
      Version: event.Version,
    },
  );
  const after = account.applied(entered);
  if (entered.isCreated || snapshots) await store.persistEventAndSnapshot(entered, after);
  else await store.persistEvent(entered, account.version);
  return after;
}

async function deliver({ events }) {
  for (const event of events) {
    const id = new AccountId(event.DomainId);
    await append((await find(id)) ?? Account.before(id), event);
  }
}

async function seed({ events }) {
  let account = Account.before(new AccountId(events[0].DomainId));
  for (const event of events) {
    const first = account.sequenceNumber === 0;
    account = await append(account, event);
    if (!first) account = account.updateVersion((version) => version + 1);
  }
}

const shown = (account) => ({ Balance: account.balance, Entries: account.entries, Last: account.last });

async function state({ domain_id, times = 1 }) {
  let account;
  for (let read = 0; read < times; read++) account = await find(new AccountId(domain_id));
  return shown(account);
}

async function rebuild({ domain_id }) {
  const id = new AccountId(domain_id);
  return shown(Account.replay(await store.getEventsByIdSinceSequenceNumber(id, 1), Account.before(id)));
}

await serve({ deliver, seed, state, rebuild }, ["event-store-adapter-js", "@aws-sdk/client-dynamodb"]);
