/** The calls of the task API as a table. One more call is one more row. */

import { ok, type TaskAnswer } from './answer.ts';
import { queueInfo, register, remove } from './calls/instances.ts';
import { notifyComplete, submitResult } from './calls/results.ts';
import { setPredictMode, setStrategy } from './calls/scheduling.ts';
import { getSetting, setSetting } from './calls/settings.ts';
import { submit, submitBatch } from './calls/submit.ts';
import { allTasks, cancel, clear, fetchAllCompleted, fetchResult, query } from './calls/tasks.ts';
import type { TaskApiParts, TaskCall } from './parts.ts';

export interface TaskRoute {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  /** Query parameters or body fields, for the documentation. */
  readonly fields?: readonly string[];
  answer(parts: TaskApiParts, call: TaskCall): TaskAnswer | Promise<TaskAnswer>;
}

const TASK_FIELDS = [
  'task_input',
  'metadata',
  'task_id',
  'endpoint',
  'priority',
  'tenant',
  'not_before_ms',
  'deadline_ms',
  'max_retries',
  'timeout_ms',
  'keep_result_ms',
  'webhook',
];
const REPORT_FIELDS = ['task_id', 'instance_id', 'execution_time', 'result', 'error'];

export const TASK_ROUTES: readonly TaskRoute[] = [
  {
    method: 'post',
    path: '/ti/register',
    summary: 'An instance says where it is; it is called to see what it serves',
    fields: ['host', 'port', 'model_name'],
    answer: register,
  },
  {
    method: 'post',
    path: '/ti/remove',
    summary: 'No new work for an instance; what it runs may finish',
    fields: ['ti_uuid', 'host', 'port'],
    answer: remove,
  },
  {
    method: 'post',
    path: '/queue/submit',
    summary: 'One task; it is stored when this is answered',
    fields: ['model_name', ...TASK_FIELDS],
    answer: submit,
  },
  {
    method: 'post',
    path: '/queue/submit_batch',
    summary: 'Several tasks of one model, stored together',
    fields: ['model_name', 'tasks'],
    answer: submitBatch,
  },
  {
    method: 'get',
    path: '/queue/info',
    summary: 'How long the tasks of each instance should still take, in milliseconds',
    fields: ['model_name'],
    answer: queueInfo,
  },
  {
    method: 'get',
    path: '/task/query',
    summary: 'One task; with `wait_ms`, as soon as it has ended',
    fields: ['task_id', 'wait_ms', 'details'],
    answer: query,
  },
  {
    method: 'get',
    path: '/task/all_tasks',
    summary: 'Tasks, the newest first, a page at a time',
    fields: ['status', 'model_name', 'ti_uuid', 'tenant', 'batch_id', 'limit', 'cursor', 'details'],
    answer: allTasks,
  },
  {
    method: 'post',
    path: '/task/cancel',
    summary: 'Ends a task that has not ended',
    fields: ['task_id'],
    answer: cancel,
  },
  {
    method: 'post',
    path: '/task/clear',
    summary: 'Forgets every task, whatever its state',
    answer: clear,
  },
  {
    method: 'post',
    path: '/result/submit',
    summary: 'A task instance delivers a result',
    fields: REPORT_FIELDS,
    answer: submitResult,
  },
  {
    method: 'post',
    path: '/notify/task_complete',
    summary: 'A task instance says that a task is done',
    fields: REPORT_FIELDS,
    answer: notifyComplete,
  },
  {
    method: 'post',
    path: '/result/fetch',
    summary: 'The result of a task, or null while there is none',
    fields: ['task_id'],
    answer: fetchResult,
  },
  {
    method: 'get',
    path: '/result/fetch_all_completed',
    summary: 'The newest completed tasks by their ids',
    answer: fetchAllCompleted,
  },
  {
    method: 'post',
    path: '/scheduler/set',
    summary: 'Which strategy places tasks',
    fields: ['name'],
    answer: setStrategy,
  },
  {
    method: 'post',
    path: '/scheduler/predict_mode',
    summary: 'Which predictor the strategies ask',
    fields: ['mode'],
    answer: setPredictMode,
  },
  {
    method: 'post',
    path: '/settings/get',
    summary: 'A run-time setting of the existing scheduler',
    fields: ['key'],
    answer: getSetting,
  },
  {
    method: 'post',
    path: '/settings/set',
    summary: 'Changes a run-time setting of the existing scheduler',
    fields: ['key', 'value'],
    answer: setSetting,
  },
  {
    method: 'get',
    path: '/websocket/stats',
    summary: 'How many sockets there are and were',
    answer: ({ sockets }) => ok(sockets.view()),
  },
];
