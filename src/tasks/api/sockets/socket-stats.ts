/** How many sockets there are and were: what `GET /websocket/stats` tells. */

export const MAX_RESULT_SOCKETS = 10_000;

export class SocketStats {
  resultConnections = 0;
  registrations = 0;
  unregistrations = 0;
  rejected = 0;
  eventConnections = 0;

  view() {
    return {
      result_submission: {
        active_connections: this.resultConnections,
        max_connections: MAX_RESULT_SOCKETS,
        total_registrations: this.registrations,
        total_unregistrations: this.unregistrations,
        rejected_connections: this.rejected,
        // Tasks go to instances by HTTP; the existing scheduler, too, never sent one by socket.
        total_tasks_dispatched: 0,
        total_dispatch_failures: 0,
      },
      task_events: { active_connections: this.eventConnections },
    };
  }
}
