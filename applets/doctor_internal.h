// SPDX-License-Identifier: MIT
/* doctor, as dockerd-rootless-setuptool.sh check uses it. */
#ifndef APPLETS_DOCTOR_INTERNAL_H
#define APPLETS_DOCTOR_INTERNAL_H

/** doctor_tell_setup() - "[WARNING] ..." for what is lacking and "[ERROR] ..." for what keeps the
 * engine from starting; 1 when there is such a thing */
int doctor_tell_setup(void);

#endif
