#pragma once

/** Starts to watch button and cable anew. */
void main_loop_start(void);
