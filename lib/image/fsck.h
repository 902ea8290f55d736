// SPDX-License-Identifier: MIT
/* Checking the images of one driver on a data root that no engine uses; see storage/fsck.h. */
#ifndef IMAGE_FSCK_H
#define IMAGE_FSCK_H

#include "storage/fsck.h"

/** image_fsck() - images, names and what pulls have learned, against the layers that fsck_driver()
 * has just found good */
void image_fsck(struct fsck *f);

#endif
