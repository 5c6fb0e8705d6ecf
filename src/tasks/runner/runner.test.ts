import { describe, expect, it } from 'vitest';
import { queueRooms } from '../__fixtures__/queue-room.ts';

const { open } = queueRooms();

describe('tasks on task instances', () => {
  it('are sent as specified, and complete with what the instance reports', async () => {
    const room = await open();
    const instance = await room.addTaskInstance({ result: () => ({ text: 'done' }) });
    const id = await room.submitOne({ input: { prompt: 'x' }, metadata: { a: 1 } });
    const task = await room.service.wait(id, 10_000);
    expect(task).toMatchObject({ state: 'completed', result: { text: 'done' }, attempt: 1 });
    expect(instance.received).toEqual([
      { model_name: 'model-x', task_input: { prompt: 'x' }, metadata: { a: 1 }, task_id: id },
    ]);
  });
});
