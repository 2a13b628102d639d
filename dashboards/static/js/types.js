/**
 * The shapes of the stream and of the JSON interface, for the type checker only.
 * Nothing runs here; the contract with the server is written once, in these comments.
 *
 * @typedef {{state: "ok" | "delayed" | "failing", waiting: number, since: string | null}} Recording
 * @typedef {{state: "connected" | "lost", since: string | null}} Broker
 * @typedef {{id: number, name: string, age_band: string, sex: "F" | "M" | ""}} Stay
 * @typedef {{
 *   id: string,
 *   link: "online" | "offline" | "silent" | "waiting",
 *   battery_percent: number | null,
 *   charging: boolean | null,
 *   clock_off_s: number | null,
 * }} Device
 * @typedef {{
 *   v: number | null,
 *   at: string,
 *   f: "fresh" | "ageing" | "stale",
 *   q: string,
 *   lo: number | null,
 *   hi: number | null,
 * }} Value
 * @typedef {"high" | "medium" | "low"} Priority
 * @typedef {"active" | "acknowledged" | "latched"} AlarmState
 * @typedef {{
 *   id: string,
 *   bed: string,
 *   label: string,
 *   unit: string,
 *   stay: number | null,
 *   patient: string,
 *   rule: string,
 *   kind: "physiological" | "technical",
 *   state: AlarmState,
 *   priority: Priority,
 *   vital: string | null,
 *   side: "low" | "high" | null,
 *   value: number | null,
 *   limit: number | null,
 *   text: string,
 *   began_at: string,
 *   raised_at: string | null,
 *   ended_at: string | null,
 *   by: string | null,
 *   until: string | null,
 * }} Alarm
 * @typedef {{
 *   bed: string,
 *   label: string,
 *   unit: string,
 *   stay: Stay | null,
 *   device: Device | null,
 *   live: boolean,
 *   last_at: string | null,
 *   values: Record<string, Value | undefined>,
 *   alarms: Alarm[],
 * }} Bed
 * @typedef {{
 *   at: string,
 *   version: string,
 *   unit: {id: string, name: string},
 *   recording: Recording,
 *   broker: Broker,
 *   beds: Bed[],
 * }} Snapshot
 * @typedef {{at: string, beds: Bed[]}} Patch
 * @typedef {{at: string, event: string, alarm: Alarm}} AlarmEvent
 * @typedef {{rate: number, scale: number, unit: string, data: string}} WaveBlock
 * @typedef {{bed: string, t: number, w: Record<string, WaveBlock>}} WavesEvent
 * @typedef {{at: string, recording: Recording, broker: Broker}} Beat
 * @typedef {{
 *   times: number[],
 *   series: Record<string, {mean: (number | null)[], min?: (number | null)[], max?: (number | null)[]}>,
 *   resolution_s: number,
 *   lost: {from_ms: number, to_ms: number, missing: number}[],
 * }} Trend
 */

export {};
