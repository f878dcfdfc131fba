#include "send.h"
void copy_sent(struct run *r) { while (r->to_copy) { struct job *j = r->to_copy; r->to_copy = j->next; job_copied(r, j);} r->to_copy_end = &r->to_copy; }
void send_shared(struct run *r) { send_records(r, 0); }
