/** Every metric that Signalbox itself exposes, in one table; `docs/metrics.md` lists the same names. */

export const METRIC_TYPES = ['counter', 'gauge', 'histogram'] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

export interface MetricDefinition {
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in the metric's unit, ascending, without `+Inf`; only for histograms. */
  readonly buckets?: readonly number[];
}

/** Waiting and first tokens: from a millisecond (an idle fleet) to ten minutes (a request that waits for capacity). */
const WAIT_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];
/** Reading speed is about 0.2 s a token, a fast accelerator's step about 5 ms. */
const TOKEN_SECONDS = [0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5];
const E2E_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 1800];
const DECISION_SECONDS = [
  0.000001, 0.0000025, 0.000005, 0.00001, 0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.01, 0.1,
];
/** Tasks run from a moment to hours, and wait as long. */
const TASK_SECONDS = [
  0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400,
];
const STORE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const LAG_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Prometheus gives every scraped series an `instance` label of its own, hence `instance_id`. */
const PER_INSTANCE = ['instance_id'] as const;
const PER_MODEL_AND_INSTANCE = ['model', 'instance_id'] as const;

const counter = (help: string, labels: readonly string[] = []) =>
  ({ type: 'counter', help, labels }) as const;

const gauge = (help: string, labels: readonly string[] = []) => ({ type: 'gauge', help, labels }) as const;

const histogram = (help: string, buckets: readonly number[], labels: readonly string[] = []) =>
  ({ type: 'histogram', help, labels, buckets }) as const;

/** The table. Adding a metric is adding a line here, the place that feeds it, and a line in `docs/metrics.md`. */
export const METRICS = {
  signalbox_requests_total: counter('Requests that ended, by how they ended.', [
    ...PER_MODEL_AND_INSTANCE,
    'outcome',
  ]),
  signalbox_request_errors_total: counter('Requests that ended with an error, by its code.', [
    'model',
    'code',
  ]),
  signalbox_request_queue_time_seconds: histogram(
    "Time in Signalbox's queue, all attempts of a request together.",
    WAIT_SECONDS,
    PER_MODEL_AND_INSTANCE,
  ),
  signalbox_time_to_first_token_seconds: histogram(
    "Time from a request's arrival to the first byte of its answer's body.",
    WAIT_SECONDS,
    PER_MODEL_AND_INSTANCE,
  ),
  signalbox_time_per_output_token_seconds: histogram(
    'Time per output token after the first.',
    TOKEN_SECONDS,
    PER_MODEL_AND_INSTANCE,
  ),
  signalbox_e2e_request_latency_seconds: histogram(
    "Time from a request's arrival to its end.",
    E2E_SECONDS,
    PER_MODEL_AND_INSTANCE,
  ),
  signalbox_prompt_tokens_total: counter('Prompt tokens of ended requests.', PER_MODEL_AND_INSTANCE),
  signalbox_cached_prompt_tokens_total: counter(
    'Prompt tokens that engines answered from their prefix cache.',
    PER_MODEL_AND_INSTANCE,
  ),
  signalbox_output_tokens_total: counter('Tokens generated for ended requests.', PER_MODEL_AND_INSTANCE),
  signalbox_retries_total: counter('Attempts that failed on an instance and were tried again, by cause.', [
    ...PER_MODEL_AND_INSTANCE,
    'reason',
  ]),
  signalbox_requests_open: gauge('Requests that arrived and have not ended, waiting or running.'),
  signalbox_requests_running: gauge('Requests dispatched to an instance that have not ended.', ['model']),
  signalbox_requests_waiting: gauge("Requests in Signalbox's queue.", ['model', 'priority']),
  signalbox_queue_tokens: gauge("Estimated tokens of the requests in Signalbox's queue.", ['model']),
  signalbox_queue_oldest_wait_seconds: gauge('How long the request that waits longest has waited.', [
    'model',
  ]),
  signalbox_queue_max_requests: gauge('The most requests that the queue accepts.'),
  signalbox_queue_drain_rate: gauge('Requests per second that left instances lately.'),
  signalbox_decisions_total: counter('Scheduling decisions, by where they sent.', PER_MODEL_AND_INSTANCE),
  signalbox_decision_duration_seconds: histogram('CPU time of one scheduling decision.', DECISION_SECONDS),
  signalbox_policy_figure: gauge('A number among the figures that the policy in force tells of itself.', [
    'policy',
    'stat',
  ]),
  signalbox_shadow_info: gauge('The profile and the policy that run in the shadow; always 1.', [
    'profile',
    'policy',
  ]),
  signalbox_shadow_decisions_total: counter(
    'Decisions compared with the shadow, by what they are about and whether both agree.',
    ['model', 'about', 'agrees'],
  ),
  signalbox_shadow_predicted_ttft_difference_seconds: gauge(
    "Mean predicted TTFT of the shadow's choice minus ours, over the decisions in which they differ.",
    ['model'],
  ),
  signalbox_scheduler_requests_total: counter('What happened to requests in the scheduler.', ['event']),
  signalbox_rejections_total: counter('Requests that the scheduler turned away, by reason.', ['reason']),
  signalbox_ejections_total: counter('Times an instance was taken out after consecutive failures.'),
  signalbox_instances: gauge('Instances in each state.', ['state']),
  signalbox_instance_info: gauge('Facts of an instance; always 1.', [
    ...PER_INSTANCE,
    'engine',
    'role',
    'gpu_type',
  ]),
  signalbox_instance_state: gauge('1 for the state that an instance is in, 0 for each other.', [
    ...PER_INSTANCE,
    'state',
  ]),
  signalbox_instance_requests_in_flight: gauge(
    'Requests dispatched to an instance that have not ended.',
    PER_INSTANCE,
  ),
  signalbox_instance_max_requests: gauge('The most requests an instance may have in flight.', PER_INSTANCE),
  signalbox_instance_pending_prefill_tokens: gauge(
    'Prompt tokens dispatched to an instance whose first token has not come.',
    PER_INSTANCE,
  ),
  signalbox_instance_consecutive_failures: gauge(
    'Failures of an instance since its last success.',
    PER_INSTANCE,
  ),
  signalbox_instance_reported_requests_waiting: gauge(
    "Requests in the engine's own queue, as it reported.",
    PER_INSTANCE,
  ),
  signalbox_instance_reported_requests_running: gauge(
    "Requests in the engine's running batch, as it reported.",
    PER_INSTANCE,
  ),
  signalbox_instance_reported_kv_cache_usage_ratio: gauge(
    "Share of the engine's KV cache in use, 0 to 1, as it reported.",
    PER_INSTANCE,
  ),
  signalbox_instance_reported_prefix_cache_hit_ratio: gauge(
    "Share of prompt tokens answered from the engine's prefix cache, 0 to 1, as it reported.",
    PER_INSTANCE,
  ),
  signalbox_instance_report_age_seconds: gauge("Age of an instance's last report.", PER_INSTANCE),
  signalbox_instance_report_stale: gauge(
    '1 when the last report of an instance is too old to count fully, or there is none.',
    PER_INSTANCE,
  ),
  signalbox_prediction_ttft_error_ratio: gauge(
    'Mean absolute error of the last 1,000 predicted times to first token, as a share of the actual.',
    ['predictor'],
  ),
  signalbox_prediction_tpot_error_ratio: gauge(
    'Mean absolute error of the last 1,000 predicted times per output token, as a share of the actual.',
    ['predictor'],
  ),
  signalbox_prediction_ttft_within_p80_ratio: gauge(
    'Share of the last 1,000 first tokens that came within the predicted 80 % quantile.',
    ['predictor'],
  ),
  signalbox_predictions_total: counter(
    'Predicted times to first token, by whether the table or service told them or another predictor stood in.',
    ['predictor', 'source'],
  ),
  signalbox_tasks: gauge('Tasks in the store, by state.', ['state']),
  signalbox_tasks_submitted_total: counter('Tasks that were stored.', ['model']),
  signalbox_tasks_ended_total: counter('Tasks that ended, by how.', ['model', 'outcome']),
  signalbox_task_failures_total: counter('Tasks that failed for good, by why.', ['model', 'code']),
  signalbox_task_retries_total: counter('Tries of tasks that failed and are followed by another.', ['model']),
  signalbox_task_queue_time_seconds: histogram(
    'Time from when a task was due to when an instance got it, for each try.',
    TASK_SECONDS,
    ['model'],
  ),
  signalbox_task_run_time_seconds: histogram(
    'Time that tasks took which completed, as the instance says or from being sent to its end.',
    TASK_SECONDS,
    ['model'],
  ),
  signalbox_task_prediction_error_ratio: gauge(
    'Mean absolute error of predicted run times, as a share of the actual; what is old counts less.',
    ['source'],
  ),
  signalbox_task_prediction_within_p80_ratio: gauge(
    'Share of tasks that took no longer than their predicted 80 % quantile; what is old counts less.',
    ['source'],
  ),
  signalbox_task_store_call_seconds: histogram("Time of the task store's calls.", STORE_SECONDS, [
    'operation',
  ]),
  signalbox_task_store_errors_total: counter('Calls of the task store that failed.', ['operation']),
  signalbox_task_webhooks_total: counter('Tries to tell a webhook, by what came of them.', ['outcome']),
  signalbox_config_last_reload_successful: gauge(
    '1 when the last load of the configuration succeeded, 0 when it was refused.',
  ),
  signalbox_config_last_reload_success_timestamp_seconds: gauge(
    'When the configuration was last loaded successfully, seconds since the epoch.',
  ),
  signalbox_config_reloads_total: counter('Attempts to load the configuration, by result.', ['result']),
  signalbox_event_loop_lag_seconds: histogram(
    'How much later than due a timer ran, sampled ten times a second.',
    LAG_SECONDS,
  ),
  signalbox_event_loop_busy_seconds_total: counter('Time the event loop spent working rather than waiting.'),
  signalbox_build_info: gauge('What runs; always 1.', ['version', 'node_version']),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

/** The names of the metrics of one type. */
export type MetricNameOf<Type extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];
