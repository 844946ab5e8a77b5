// castore with its adapter for DynamoDB: an event store with a reducer, as in the README and its guide.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventStore, EventType } from "@castore/core";
import { DynamoDBSingleTableEventStorageAdapter } from "@castore/event-storage-adapter-dynamodb";

import { serve } from "./driver.mjs";

const accounts = new EventStore({
  eventStoreId: "ACCOUNTS",
  eventTypes: [new EventType({ type: "Entered" })],
  reducer: (account, event) => ({
    aggregateId: event.aggregateId,
    version: event.version,
    balance: (account?.balance ?? 0) + event.payload.Amount,
    entries: (account?.entries ?? 0) + 1,
    last: event.metadata.EventId,
  }),
  eventStorageAdapter: new DynamoDBSingleTableEventStorageAdapter({
    tableName: "events",
    dynamoDBClient: new DynamoDBClient({}),
  }),
});

const details = (event, version) => ({
  aggregateId: event.DomainId,
  version,
  type: event.EventName,
  timestamp: event.EventTime,
  payload: event.Payload,
  metadata: {
    EventId: event.EventId,
    CorrelationId: event.CorrelationId,
    UserId: event.UserId,
    IpAddress: event.IpAddress,
    Version: event.Version,
  },
});

async function deliver({ events }) {
  for (const event of events) {
    const { aggregate } = await accounts.getAggregate(event.DomainId);
    await accounts.pushEvent(details(event, (aggregate?.version ?? 0) + 1), { prevAggregate: aggregate });
  }
}

async function seed({ events }) {
  for (const [number, event] of events.entries()) await accounts.pushEvent(details(event, number + 1));
}

async function state({ domain_id, times = 1 }) {
  let aggregate;
  for (let read = 0; read < times; read++) ({ aggregate } = await accounts.getAggregate(domain_id));
  return { Balance: aggregate.balance, Entries: aggregate.entries, Last: aggregate.last };
}

await serve({ deliver, seed, state, rebuild: state }, [
  "@castore/core",
  "@castore/event-storage-adapter-dynamodb",
  "@aws-sdk/client-dynamodb",
]);
